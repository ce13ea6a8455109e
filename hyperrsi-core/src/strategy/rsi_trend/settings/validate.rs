//! Validation: ranges from the key table, then the rules. All at once.

use super::Settings;
use super::environment::Environment;
use super::issue::{Issue, Report};
use super::keys::{KEYS, unit_key};
use super::rules::{RULES, Rule};
use super::warnings::WARNINGS;

/// Everything found, in table order. Rules that look at a key of `faulty` are left out: its value is only a stand-in.
pub(super) fn report(settings: &Settings, environment: &Environment, faulty: &[String]) -> Report {
    let is_faulty = |key: &str| faulty.iter().any(|other| other == key);
    let mut report = Report::default();
    for key in KEYS.iter().filter(|key| !is_faulty(key.name())) {
        let field = key.field(settings);
        if let Some(fault) = field.unlisted() {
            super::record::issues_of(key, key.name(), &field.write(), fault, &mut report.errors);
        }
        if unit_key(key.name()).is_some_and(is_faulty) {
            continue;
        }
        let bounds = key.bounds(settings, environment);
        for (entry, number) in field.numbers() {
            let name = entry.map_or_else(|| key.name().to_owned(), |entry| format!("{}.{entry}", key.name()));
            report.errors.extend(bounds.check(&name, number));
        }
    }
    let apply = |rules: &[Rule]| -> Vec<Issue> {
        let applicable = rules.iter().filter(|rule| !rule.reads.iter().any(|key| is_faulty(key)));
        applicable
            .flat_map(|rule| {
                let found = (rule.check)(settings, environment);
                found.into_iter().map(|(key, message)| Issue::new(rule.code, key, message))
            })
            .collect()
    };
    report.errors.extend(apply(RULES));
    report.warnings.extend(apply(WARNINGS));
    report.warnings.extend(settings.unknown.keys().map(|name| {
        Issue::new(
            "unknown_key",
            name.clone(),
            format!("{name} is not a known setting; it is kept but has no effect"),
        )
    }));
    report
}
