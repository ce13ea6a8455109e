//! Suites that an implementation of one of the contracts can be run against, in a test of its own.

/// The list of a suite's checks, each an async function of a module, named after it.
macro_rules! checks {
    ($($module:ident { $($name:ident),+ $(,)? })+) => {
        /// The suite, in the order in which it is read best.
        pub const CHECKS: &[Check] = &[$($(
            Check { name: stringify!($name), run: |probe| Box::pin($module::$name(probe)) }
        ),+),+];

        impl std::fmt::Debug for Check {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple("Check").field(&self.name).finish()
            }
        }
    };
}

pub mod exchange;
mod failure;
pub mod store;
pub mod strategy;
