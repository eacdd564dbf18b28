//! The two headers of the file, each the root of one snapshot.

use super::bytes::{read, u16_at, u32_at, u64_at};
use super::fault::Fault;
use super::page::{HEADER, META};
use std::fs::File;

const MAGIC: u32 = 0xBEEF_C0DE;
const FORMAT: u32 = 1;
/// A page's header and `MDB_meta`, on 64-bit machines.
const LENGTH: usize = 152;
/// The first database's flags also hold those of the file: no subdirectory, and its own integer
/// keys.
const FREE_FLAGS: u16 = INTEGER_KEYS | NO_SUBDIRECTORY;
const NO_SUBDIRECTORY: u16 = 0x4000;

/// Keys are machine words, compared as numbers.
pub(super) const INTEGER_KEYS: u16 = 0x08;
/// The length of a stored [`Tree`].
pub(super) const TREE: usize = 48;

/// One of the two headers of the file: the root of one snapshot.
#[derive(Debug)]
pub(super) struct Meta {
    pub(super) page_size: usize,
    /// The pages that nothing uses.
    pub(super) free: Tree,
    /// The named databases.
    pub(super) main: Tree,
    pub(super) last_page: u64,
    pub(super) transaction: u64,
}

/// The record of one database: `MDB_db`.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) pad: u32,
    pub(super) flags: u16,
    pub(super) depth: u16,
    pub(super) branches: u64,
    pub(super) leaves: u64,
    pub(super) overflows: u64,
    pub(super) entries: u64,
    /// `None` for an empty tree.
    pub(super) root: Option<u64>,
}

impl Tree {
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let root = u64_at(bytes, 40);
        Self {
            pad: u32_at(bytes, 0),
            flags: u16_at(bytes, 4),
            depth: u16_at(bytes, 6),
            branches: u64_at(bytes, 8),
            leaves: u64_at(bytes, 16),
            overflows: u64_at(bytes, 24),
            entries: u64_at(bytes, 32),
            root: (root != u64::MAX).then_some(root),
        }
    }
}

impl Meta {
    /// Reads both headers, and checks in them what no writer ever changes.
    pub(super) fn read_both(file: &File, length: u64) -> Result<[Self; 2], Fault> {
        let Some(first) = raw(file, length, 0)? else {
            return match second_header(file, length)? {
                true => Fault::damaged("its first header is not readable"),
                false => Err(Fault::Foreign("it does not start with an LMDB header".into())),
            };
        };
        let format = u32_at(&first, 20);
        if format != FORMAT {
            return Err(Fault::Foreign(format!(
                "its LMDB format is {format}, this library reads format {FORMAT}"
            )));
        }
        let page_size = u32_at(&first, 40);
        if !page_size.is_power_of_two() || !PAGE_SIZES.contains(&page_size) {
            return Fault::damaged(format!("its page size is {page_size}"));
        }
        if length < 2 * u64::from(page_size) {
            return Fault::damaged(format!("it is cut off after {length} bytes"));
        }
        let Some(second) = raw(file, length, u64::from(page_size))? else {
            return Fault::damaged("its second header is not readable");
        };
        if u32_at(&second, 20) != FORMAT || u32_at(&second, 40) != page_size {
            return Fault::damaged("its two headers differ in format");
        }
        for (number, header) in [(0, &first), (1, &second)] {
            if u64_at(header, 0) != number || u16_at(header, 10) != META {
                return Fault::damaged(format!("page {number} is not a header"));
            }
            if u16_at(header, 44) & !NO_SUBDIRECTORY != INTEGER_KEYS {
                return Fault::damaged(format!("header {number} has unknown flags"));
            }
        }
        Ok([first, second].map(|header| Self::decode(&header)))
    }

    /// The header of the last transaction, as LMDB picks it.
    ///
    /// Transactions take the two headers in turn, so their numbers always follow each other. If
    /// they do not, LMDB might pick an old snapshot and lose what was acknowledged since.
    pub(super) fn newest(first: Self, second: Self) -> Result<Self, Fault> {
        let (even, odd) = (first.transaction, second.transaction);
        let fresh = even == 0 && odd == 0;
        if !fresh && (even % 2 != 0 || odd % 2 != 1 || even.abs_diff(odd) != 1) {
            return Fault::damaged(format!("its headers are of transactions {even} and {odd}"));
        }
        Ok(if even < odd { second } else { first })
    }

    fn decode(header: &[u8]) -> Self {
        let mut free = Tree::decode(&header[40..][..TREE]);
        // In this one record two fields say something of the file, and were checked above.
        free.pad = 0;
        free.flags &= !FREE_FLAGS | INTEGER_KEYS;
        Self {
            page_size: u32_at(header, 40) as usize,
            free,
            main: Tree::decode(&header[88..][..TREE]),
            last_page: u64_at(header, 136),
            transaction: u64_at(header, 144),
        }
    }
}

/// The sizes a page of LMDB can have.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 512..=0x8000;

/// No header lies beyond this, whatever the page size.
pub(super) const END_OF_HEADERS: u64 = *PAGE_SIZES.end() as u64 + LENGTH as u64;

/// The header at an offset, if there is one.
fn raw(file: &File, length: u64, at: u64) -> Result<Option<[u8; LENGTH]>, Fault> {
    let mut header = [0; LENGTH];
    let there = length.saturating_sub(at).min(LENGTH as u64) as usize;
    read(file, &mut header[..there], at)?;
    Ok((u32_at(&header, HEADER) == MAGIC).then_some(header))
}

/// Whether there is a second header in spite of the missing first one.
fn second_header(file: &File, length: u64) -> Result<bool, Fault> {
    let mut size = *PAGE_SIZES.start();
    while size <= *PAGE_SIZES.end() {
        if raw(file, length, u64::from(size))?.is_some() {
            return Ok(true);
        }
        size *= 2;
    }
    Ok(false)
}
