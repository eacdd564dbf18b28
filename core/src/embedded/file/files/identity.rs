//! The identity of a file, which stays the same under every name.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The identity of a file: the same for all of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::embedded::file) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    pub(in crate::embedded::file) fn of(file: &Metadata) -> Self {
        Self { device: file.dev(), inode: file.ino() }
    }

    /// The identity of the file that has this name now.
    pub(in crate::embedded::file) fn at(path: &Path) -> Option<Self> {
        path.symlink_metadata().ok().map(|file| Self::of(&file))
    }

    /// The identity as a number of 64 bits.
    pub(in crate::embedded::file) fn number(self) -> u64 {
        number(format!("{} {}", self.device, self.inode).as_bytes())
    }
}

/// The hash of the bytes by FNV-1a. Every version of this library must compute the same.
pub(in crate::embedded::file) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// True if an open file has no name any more.
pub(in crate::embedded::file) fn is_removed(file: &Metadata) -> bool {
    file.nlink() == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l7_a_number_is_the_same_in_every_version() {
        assert_eq!(number(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(number(b"a"), 0xAF63_DC4C_8601_EC8C);
    }
}
