//! A page of the file.

use super::bytes::{u16_at, u32_at, u64_at};
use super::fault::Fault;

/// The length of a page's header.
pub(super) const HEADER: usize = 16;
/// The length of a node's header.
const NODE: usize = 8;

const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const OVERFLOW: u16 = 0x04;
/// The flags of the two header pages.
pub(super) const META: u16 = 0x08;

const IN_OVERFLOW: u16 = 0x01;
const IS_TREE: u16 = 0x02;

/// A branch or a leaf whose every offset has been checked.
pub(super) struct Page<'a> {
    bytes: &'a [u8],
    pub(super) is_branch: bool,
    pub(super) nodes: usize,
}

/// What a node holds beside its key.
pub(super) enum Content<'a> {
    /// The page below a branch.
    Child(u64),
    Value(&'a [u8]),
    /// A value on pages of its own.
    Overflow {
        page: u64,
        size: u64,
    },
    /// The record of a named database.
    Tree(&'a [u8]),
}

impl<'a> Page<'a> {
    /// Checks page `number`. `starts` is scratch space, a slot for every two bytes of a page.
    pub(super) fn check(bytes: &'a [u8], number: u64, starts: &mut [u16]) -> Result<Self, Fault> {
        let bad = |what: &str| Fault::damaged(format!("page {number} {what}"));
        if u64_at(bytes, 0) != number {
            return bad("carries another number");
        }
        let is_branch = match u16_at(bytes, 10) {
            BRANCH => true,
            LEAF => false,
            _ => return bad("is neither a branch nor a leaf"),
        };
        let (lower, upper) = (usize::from(u16_at(bytes, 12)), usize::from(u16_at(bytes, 14)));
        if lower < HEADER || !lower.is_multiple_of(2) || lower > upper || upper > bytes.len() {
            return bad("has impossible bounds");
        }
        let page = Self { bytes, is_branch, nodes: (lower - HEADER) / 2 };

        // LMDB moves bytes about in a page as if its nodes filled it to the end without a gap and
        // without sharing a byte, so that has to be true.
        starts.fill(0);
        for index in 0..page.nodes {
            let Some(size) = page.node_size(index, upper) else {
                return bad(&format!("has a node {index} that does not fit"));
            };
            let start = &mut starts[page.offset(index) / 2];
            if *start != 0 {
                return bad("has two nodes in one place");
            }
            *start = size;
        }
        let (mut at, mut found) = (upper, 0);
        while at < bytes.len() && starts[at / 2] != 0 {
            at += usize::from(starts[at / 2]);
            found += 1;
        }
        if at != bytes.len() || found != page.nodes {
            return bad("has a hole between its nodes");
        }
        Ok(page)
    }

    pub(super) fn key(&self, index: usize) -> &'a [u8] {
        let node = self.offset(index);
        &self.bytes[node + NODE..][..usize::from(u16_at(self.bytes, node + 6))]
    }

    pub(super) fn content(&self, index: usize) -> Content<'a> {
        let node = self.offset(index);
        let (low, flags) = (u32_at(self.bytes, node), u16_at(self.bytes, node + 4));
        if self.is_branch {
            return Content::Child(u64::from(low) | u64::from(flags) << 32);
        }
        let data = &self.bytes[node + NODE + self.key(index).len()..];
        match flags {
            IN_OVERFLOW => Content::Overflow { page: u64_at(data, 0), size: u64::from(low) },
            IS_TREE => Content::Tree(&data[..low as usize]),
            _ => Content::Value(&data[..low as usize]),
        }
    }

    fn offset(&self, index: usize) -> usize {
        usize::from(u16_at(self.bytes, HEADER + 2 * index))
    }

    /// The bytes that a node takes, or `None` if it does not lie within the page, or is of a kind
    /// or size that LMDB never writes.
    fn node_size(&self, index: usize, upper: usize) -> Option<u16> {
        let node = self.offset(index);
        if node < upper || !node.is_multiple_of(2) || node + NODE > self.bytes.len() {
            return None;
        }
        let key = usize::from(u16_at(self.bytes, node + 6));
        let content = match (self.is_branch, u16_at(self.bytes, node + 4)) {
            (true, _) => 0,
            (false, IN_OVERFLOW) => 8,
            (false, 0 | IS_TREE) => u32_at(self.bytes, node) as usize,
            (false, _) => return None,
        };
        let size = NODE + key + content;
        let fits = size <= largest_node(self.bytes.len())
            && node + size <= self.bytes.len()
            && (self.is_branch || key > 0);
        fits.then_some(size.next_multiple_of(2) as u16)
    }
}

/// The number of pages of an overflow run, from the header of its first page.
pub(super) fn overflow_pages(header: &[u8], number: u64) -> Result<u64, Fault> {
    if u64_at(header, 0) != number || u16_at(header, 10) != OVERFLOW {
        return Fault::damaged(format!("page {number} is not the start of a long value"));
    }
    Ok(u64::from(u32_at(header, 12)))
}

/// Two nodes always fit into a page.
fn largest_node(page_size: usize) -> usize {
    (((page_size - HEADER) / 2) & !1) - 2
}
