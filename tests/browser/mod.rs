//! A real Chromium without a window, for pages the library writes.

use std::path::{Path, PathBuf};
use std::process::Command;

pub mod sample;

pub const DESKTOP: (u32, u32) = (1280, 900);
pub const PHONE: (u32, u32) = (390, 844);

/// The folder of what a test shows people.
pub fn artefacts(of: &str) -> PathBuf {
    let folder = std::env::var_os("HYPERRSI_ARTIFACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from)
        .join(of);
    std::fs::create_dir_all(&folder).expect("a folder for artefacts");
    folder
}

/// An installed browser.
pub struct Browser {
    program: PathBuf,
}

/// A page after its scripts ran, as the browser saw it.
pub struct Seen {
    pub dom: String,
}

impl Browser {
    /// The browser named by `CHROMIUM`, or one on the path. Without any, the caller's test has nothing to show: it passes
    /// with a note on a developer's machine and fails where `CI` is set.
    pub fn find() -> Option<Self> {
        let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
        let found = named.or_else(|| {
            let path = std::env::var_os("PATH")?;
            let names = ["chromium", "chromium-browser", "google-chrome"];
            let mut candidates =
                std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
            candidates.find(|candidate| candidate.is_file())
        });
        if found.is_none() {
            assert!(std::env::var_os("CI").is_none(), "no browser: install chromium or set CHROMIUM");
            println!("skipped: no browser");
        }
        found.map(|program| Self { program })
    }

    /// Opens the page in a window of that size, lets its scripts run, and reads the document back.
    pub fn open(&self, page: &Path, size: (u32, u32)) -> Seen {
        let see = |budget| {
            let output = self.run(page, size, "", &["--dump-dom", budget]);
            Seen { dom: String::from_utf8_lossy(&output).into_owned() }
        };
        // On a loaded machine the page's time can run out before its first frame.
        let seen = see("--virtual-time-budget=20000");
        if seen.root("ready").is_some() || seen.root("errors").is_some() {
            return seen;
        }
        see("--virtual-time-budget=90000")
    }

    /// Takes a picture; `part` is what follows the page's name in its address, such as `#trade-3`.
    pub fn picture(&self, page: &Path, size: (u32, u32), part: &str, dark: bool, to: &Path) {
        let shot = format!("--screenshot={}", to.display());
        let mut extra = vec![shot.as_str(), "--hide-scrollbars", "--virtual-time-budget=20000"];
        if dark {
            extra.push("--blink-settings=preferredColorScheme=0");
        }
        self.run(page, size, part, &extra);
        assert!(to.is_file(), "the browser wrote no picture to {}", to.display());
    }

    fn run(&self, page: &Path, (width, height): (u32, u32), part: &str, extra: &[&str]) -> Vec<u8> {
        let profile = tempfile::tempdir().expect("a folder for the browser's profile");
        let output = Command::new(&self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            // A window is at least 500 wide; filling a screen of the wanted size, it is as narrow as a phone.
            .args(["--force-device-scale-factor=1", "--kiosk"])
            .arg(format!("--screen-info={{{width}x{height}}}"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(extra)
            .arg(format!("file://{}{part}", page.display()))
            .output()
            .expect("the browser starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the browser failed: {complaint}");
        output.stdout
    }
}

impl Seen {
    /// A `data-` attribute of the document's root element.
    pub fn root(&self, name: &str) -> Option<&str> {
        let start = self.dom.find("<html")?;
        let tag = self.dom.get(start..start + self.dom.get(start..)?.find('>')?)?;
        let value = tag.split_once(&format!("data-{name}=\""))?.1;
        value.split('"').next()
    }

    /// What stands between `from` and the next `to`.
    pub fn between(&self, from: &str, to: &str) -> &str {
        let after = self.dom.split_once(from).unwrap_or_else(|| panic!("no {from} in the page")).1;
        after.split(to).next().unwrap_or_default()
    }

    /// The page's text between those marks, without tags.
    pub fn text(&self, from: &str, to: &str) -> String {
        let mut text = String::new();
        let mut inside = false;
        for letter in self.between(from, to).chars() {
            match letter {
                '<' => inside = true,
                '>' => inside = false,
                other if !inside => text.push(other),
                _ => {}
            }
        }
        text
    }

    pub fn count(&self, what: &str) -> usize {
        self.dom.matches(what).count()
    }
}
