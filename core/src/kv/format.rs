//! The format of a store, and the oldest one that its users must know (contract rules U1, U2).

use super::KvError;
use std::fmt::Display;

/// What a store says of the format it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) number: u16,
    /// Whoever knows no format as new as this one must not use the store.
    pub(crate) minimum: u16,
}

impl Format {
    /// A format that nobody can misread who knows it.
    pub(crate) const fn new(number: u16) -> Self {
        Self { number, minimum: number }
    }

    /// Refuses `what`, a store of this format, to a version that knows formats up to `known`.
    pub(crate) fn check(self, known: u16, what: impl Display) -> Result<(), KvError> {
        let Self { number, minimum } = self;
        if minimum > known {
            return Err(KvError::OperationFailed(format!(
                "{what} may only be opened by versions of slipstream that know format {minimum}, \
                 and this one knows format {known}; upgrade slipstream here"
            )));
        }
        if number > known {
            return Err(KvError::OperationFailed(format!(
                "{what} has format {number}, which is newer than format {known} that this version \
                 of slipstream reads; nothing is damaged: upgrade slipstream here"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u2_a_newer_format_and_a_minimum_above_ours_are_refused_as_that() {
        let refused =
            |number, minimum| Format { number, minimum }.check(1, "a.db").unwrap_err().to_string();
        assert!(refused(9, 1).contains("a.db has format 9, which is newer"));
        assert!(refused(9, 7).contains("know format 7"));
        assert_eq!(Format::new(1).check(1, "a.db"), Ok(()));
        assert_eq!(Format::new(0).check(1, "a.db"), Ok(()));
    }
}
