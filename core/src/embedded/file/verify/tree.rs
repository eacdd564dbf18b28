//! The trees of the file, walked from their roots.

use super::bytes::{read, u64_at};
use super::fault::Fault;
use super::meta::{INTEGER_KEYS, Meta, TREE, Tree};
use super::page::{Content, HEADER, Page, overflow_pages};
use crate::embedded::engine::Table;
use crate::embedded::file::tables::{checked, name};
use hashbrown::HashMap;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs::File;

/// As many levels as a cursor of LMDB can stand on.
const DEEPEST: u16 = 32;

/// Follows everything that a snapshot reaches.
pub(super) fn walk(file: &File, length: u64, meta: Meta) -> Result<(), Fault> {
    let pages = length / meta.page_size as u64;
    let mut walk = Walk {
        file,
        page_size: meta.page_size,
        pages,
        last_page: meta.last_page,
        transaction: meta.transaction,
        last_free: 0,
        seen: HashMap::default(),
        beyond: BTreeSet::new(),
        buffers: Vec::new(),
        starts: vec![0; meta.page_size / 2],
    };
    walk.tree(&meta.free, Role::Free)?;
    for named in walk.tree(&meta.main, Role::Main)? {
        walk.tree(&named, Role::Named)?;
    }
    // Every transaction but the first lets pages go and notes them under its own number. Without
    // that note the header is an older one whose number has been changed.
    if meta.transaction > 1 && walk.last_free != meta.transaction {
        return Fault::damaged(format!("its transaction {} is not there", meta.transaction));
    }
    // The file may be shorter than the snapshot, but only by pages that nothing uses.
    let missing = meta.last_page.saturating_add(1).saturating_sub(pages);
    if missing != walk.beyond.len() as u64 {
        return Fault::damaged(format!(
            "it is cut off, with {pages} of its {} pages left",
            meta.last_page.saturating_add(1)
        ));
    }
    Ok(())
}

/// Which of LMDB's trees is being walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Transaction → the pages it let go.
    Free,
    /// Name → the record of a named database.
    Main,
    Named,
}

/// The state of one tree's walk: what its record claims, counted again.
struct Count {
    role: Role,
    integer_keys: bool,
    branches: u64,
    leaves: u64,
    overflows: u64,
    entries: u64,
    named: Vec<Tree>,
}

/// The keys below a page: from the first one up to, but without, the second.
type Bounds<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

struct Walk<'f> {
    file: &'f File,
    page_size: usize,
    /// The whole pages in the file.
    pages: u64,
    last_page: u64,
    transaction: u64,
    /// The last transaction that let pages go.
    last_free: u64,
    /// The pages of the file that have been met, used or free: none may be met twice. 64 of them are
    /// the bits of one number, and what was not met takes no memory, however long a file claims to
    /// be.
    seen: HashMap<u64, u64>,
    /// The free pages past the end of the file.
    beyond: BTreeSet<u64>,
    buffers: Vec<Vec<u8>>,
    starts: Vec<u16>,
}

impl Walk<'_> {
    /// Walks one tree and returns the named databases it holds.
    fn tree(&mut self, tree: &Tree, role: Role) -> Result<Vec<Tree>, Fault> {
        let integer_keys = match (role, tree.flags) {
            (Role::Free, INTEGER_KEYS) => true,
            (Role::Main | Role::Named, 0) => false,
            (_, flags) => return Fault::damaged(format!("a database has the flags {flags:#x}")),
        };
        if tree.pad != 0 || tree.depth > DEEPEST || (tree.depth == 0) != tree.root.is_none() {
            return Fault::damaged("the record of a database makes no sense");
        }
        let mut count = Count {
            role,
            integer_keys,
            branches: 0,
            leaves: 0,
            overflows: 0,
            entries: 0,
            named: Vec::new(),
        };
        if let Some(root) = tree.root {
            self.descend(root, tree.depth, (None, None), &mut count)?;
        }
        let counted = (count.branches, count.leaves, count.overflows, count.entries);
        if counted != (tree.branches, tree.leaves, tree.overflows, tree.entries) {
            return Fault::damaged("a database does not hold as much as its record says");
        }
        Ok(count.named)
    }

    fn descend(
        &mut self,
        number: u64,
        levels: u16,
        bounds: Bounds<'_>,
        count: &mut Count,
    ) -> Result<(), Fault> {
        self.meet(number)?;
        let mut bytes = self.buffers.pop().unwrap_or_else(|| vec![0; self.page_size]);
        read(self.file, &mut bytes, number * self.page_size as u64)?;
        let page = Page::check(&bytes, number, &mut self.starts)?;
        if page.is_branch != (levels > 1) {
            return Fault::damaged(format!("page {number} is on the wrong level"));
        }
        // LMDB asserts two children; while it tidies its list of free pages, one is enough there.
        let fewest = if page.is_branch && count.role != Role::Free { 2 } else { 1 };
        if page.nodes < fewest {
            return Fault::damaged(format!("page {number} has {} entries", page.nodes));
        }
        check_order(&page, number, bounds, count)?;
        if page.is_branch {
            count.branches += 1;
            for index in 0..page.nodes {
                let Content::Child(child) = page.content(index) else { continue };
                let from = if index == 0 { bounds.0 } else { Some(page.key(index)) };
                let to = if index + 1 == page.nodes { bounds.1 } else { Some(page.key(index + 1)) };
                self.descend(child, levels - 1, (from, to), count)?;
            }
        } else {
            count.leaves += 1;
            for index in 0..page.nodes {
                self.entry(number, page.key(index), page.content(index), count)?;
            }
        }
        self.buffers.push(bytes);
        Ok(())
    }

    fn entry(
        &mut self,
        page: u64,
        key: &[u8],
        content: Content<'_>,
        count: &mut Count,
    ) -> Result<(), Fault> {
        count.entries += 1;
        match (count.role, content) {
            (Role::Main, Content::Tree(record)) if record.len() == TREE && is_table(key) => {
                count.named.push(Tree::decode(record));
                Ok(())
            }
            (Role::Main, _) => {
                Err(Fault::Foreign("it holds something else than the tables of a store".into()))
            }
            (_, Content::Value(value)) => self.value(page, key, value, count.role),
            (_, Content::Overflow { page, size }) => {
                count.overflows += self.overflow(page, size)?;
                let mut value = vec![0; size as usize];
                read(self.file, &mut value, page * self.page_size as u64 + HEADER as u64)?;
                self.value(page, key, &value, count.role)
            }
            _ => Fault::damaged("a database holds another database"),
        }
    }

    fn value(&mut self, page: u64, key: &[u8], value: &[u8], role: Role) -> Result<(), Fault> {
        if role == Role::Free {
            return self.free_list(key, value);
        }
        match checked(key, value) {
            Ok(_) => Ok(()),
            Err(_) => {
                Fault::damaged(format!("a record on page {page} does not match its checksum"))
            }
        }
    }

    /// Checks the run of pages that holds a long value, and returns their number.
    fn overflow(&mut self, first: u64, size: u64) -> Result<u64, Fault> {
        self.meet(first)?;
        let mut header = [0; HEADER];
        read(self.file, &mut header, first * self.page_size as u64)?;
        let pages = overflow_pages(&header, first)?;
        let needed = (HEADER as u64 + size).div_ceil(self.page_size as u64);
        if pages < needed {
            return Fault::damaged(format!("the long value on page {first} is cut off"));
        }
        for page in first + 1..first + pages {
            self.meet(page)?;
        }
        Ok(pages)
    }

    /// Checks one list of free pages: their number, then the pages, the highest first.
    fn free_list(&mut self, key: &[u8], list: &[u8]) -> Result<(), Fault> {
        let transaction = u64_at(key, 0);
        let bad =
            || Fault::damaged(format!("the free pages of transaction {transaction} make no sense"));
        if transaction == 0
            || transaction > self.transaction
            || list.len() < 8
            || !list.len().is_multiple_of(8)
        {
            return bad();
        }
        self.last_free = self.last_free.max(transaction);
        let pages = &list[8..];
        let Some(pages) = usize::try_from(u64_at(list, 0))
            .ok()
            .and_then(|number| pages.get(..number.checked_mul(8)?))
        else {
            return bad();
        };
        let mut above = u64::MAX;
        for at in (0..pages.len()).step_by(8) {
            let page = u64_at(pages, at);
            if page >= above || page < 2 || page > self.last_page {
                return bad();
            }
            above = page;
            if page < self.pages {
                self.meet(page)?
            } else if !self.beyond.insert(page) {
                return bad();
            }
        }
        Ok(())
    }

    /// Notes a page of the file, which must be there and new.
    fn meet(&mut self, page: u64) -> Result<(), Fault> {
        if page < 2 || page > self.last_page {
            return Fault::damaged(format!("something leads to page {page}, which is not in use"));
        }
        if page >= self.pages {
            return Fault::damaged(format!("it is cut off before page {page}"));
        }
        let (word, bit) = (self.seen.entry(page / 64).or_default(), 1 << (page % 64));
        if *word & bit != 0 {
            return Fault::damaged(format!("page {page} is used twice"));
        }
        *word |= bit;
        Ok(())
    }
}

fn is_table(key: &[u8]) -> bool {
    Table::ALL.iter().any(|&table| name(table).as_bytes() == key)
}

/// Checks that the keys of a page ascend within the bounds that its parent gives. The first key of
/// a branch is never looked at.
fn check_order(
    page: &Page<'_>,
    number: u64,
    bounds: Bounds<'_>,
    count: &Count,
) -> Result<(), Fault> {
    let first = usize::from(page.is_branch);
    if count.integer_keys && (first..page.nodes).any(|index| page.key(index).len() != 8) {
        return Fault::damaged(format!("page {number} has a key of a wrong length"));
    }
    let compare = |a: &[u8], b: &[u8]| match count.integer_keys {
        true => u64_at(a, 0).cmp(&u64_at(b, 0)),
        false => a.cmp(b),
    };
    let mut sorted = (first + 1..page.nodes)
        .all(|index| compare(page.key(index - 1), page.key(index)) == Ordering::Less);
    if first < page.nodes {
        sorted &= bounds.0.is_none_or(|from| compare(from, page.key(first)) != Ordering::Greater);
        sorted &= bounds.1.is_none_or(|to| compare(page.key(page.nodes - 1), to) == Ordering::Less);
    }
    match sorted {
        true => Ok(()),
        false => Fault::damaged(format!("the keys of page {number} are not in order")),
    }
}
