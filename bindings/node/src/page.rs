//! Entries and updates, packed into pages that JavaScript reads row by row.

use crate::js::js;
use napi::{Env, Error, Result, Status, check_status, sys};
use slipstream::kv::{PurgeReason, UpdateBatch, UpdateKind};
use std::ptr;

/// One entry or update on its way into a page.
pub(crate) struct Row<'a> {
    /// 0 put, or an entry; 1 delete; 2 purge; 3 an ended time to live; 4 a purge whose reason is not
    /// known; 5 nothing, where there is no entry.
    pub(crate) kind: u32,
    pub(crate) key: &'a str,
    pub(crate) value: &'a [u8],
    pub(crate) version: &'a [u8],
    /// The cursor of an update, or when an entry ends; empty for what has none.
    pub(crate) cursor: Vec<u8>,
}

/// Rows packed into one `ArrayBuffer`, from which JavaScript makes objects as they are read.
///
/// As 32-bit words: the number of rows, then for each row its kind and where its key, value,
/// version and cursor end. Then all keys in one piece, and the other bytes row by row. Key ends
/// count from the first key, the others from the start of the page.
///
/// A value is a view of its page, so a program that keeps one value keeps its page. Hence pages
/// are small, like the pool that Node's own buffers share, and a large value has its own.
#[derive(Default)]
struct Page {
    table: Vec<[u32; 5]>,
    keys: Vec<u8>,
    bytes: Vec<u8>,
}

const FULL: usize = 8192;
const LARGE: usize = 2048;
const WORD: usize = size_of::<u32>();

/// The updates of a batch from `first` on, in pages.
pub(crate) fn batch(env: &Env, batch: &UpdateBatch, first: usize) -> Result<sys::napi_value> {
    let rows = batch.iter().enumerate().skip(first).map(|(index, update)| Row {
        kind: match update.kind {
            UpdateKind::Put => 0,
            UpdateKind::Delete => 1,
            UpdateKind::Purge(PurgeReason::Purged) => 2,
            UpdateKind::Purge(PurgeReason::Expired) => 3,
            UpdateKind::Purge(_) => 4,
        },
        key: update.key,
        value: update.value,
        version: update.version.as_bytes(),
        cursor: batch.cursor_after(index).to_bytes(),
    });
    pages(env, rows)
}

/// An array of pages.
pub(crate) fn pages<'a>(env: &Env, rows: impl Iterator<Item = Row<'a>>) -> Result<sys::napi_value> {
    let mut pages = Vec::new();
    let mut page = Page::default();
    for row in rows {
        if row.value.len() >= LARGE && !page.table.is_empty() {
            pages.push(page.finish(env)?);
        }
        page.add(&row)?;
        if page.len() >= FULL {
            pages.push(page.finish(env)?);
        }
    }
    if !page.table.is_empty() {
        pages.push(page.finish(env)?);
    }
    array(env, &pages)
}

impl Page {
    fn add(&mut self, row: &Row<'_>) -> Result<()> {
        self.keys.extend_from_slice(row.key.as_bytes());
        let mut ends = [row.kind, word(self.keys.len())?, 0, 0, 0];
        for (end, part) in ends[2..].iter_mut().zip([row.value, row.version, &row.cursor]) {
            self.bytes.extend_from_slice(part);
            *end = word(self.bytes.len())?;
        }
        self.table.push(ends);
        Ok(())
    }

    fn len(&self) -> usize {
        WORD + self.table.len() * 5 * WORD + self.keys.len() + self.bytes.len()
    }

    /// Hands the page over and starts an empty one.
    fn finish(&mut self, env: &Env) -> Result<sys::napi_value> {
        let len = self.len();
        let (mut data, mut page) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the out-pointers are valid, and Node gives `len` bytes, which is above 0.
        let target = unsafe {
            check_status!(sys::napi_create_arraybuffer(env.raw(), len, &mut data, &mut page))?;
            std::slice::from_raw_parts_mut(data.cast::<u8>(), len)
        };
        let start = word(len - self.bytes.len())?;
        let mut words = vec![word(self.table.len())?];
        for [kind, key_end, ends @ ..] in self.table.drain(..) {
            words.extend([kind, key_end]);
            words.extend(ends.map(|end| start + end));
        }
        let (table, rest) = target.split_at_mut(words.len() * WORD);
        for (target, word) in table.chunks_exact_mut(WORD).zip(words) {
            target.copy_from_slice(&word.to_ne_bytes());
        }
        let (keys, bytes) = rest.split_at_mut(self.keys.len());
        keys.copy_from_slice(&self.keys);
        bytes.copy_from_slice(&self.bytes);
        self.keys.clear();
        self.bytes.clear();
        Ok(page)
    }
}

fn word(len: usize) -> Result<u32> {
    u32::try_from(len)
        .map_err(|_| Error::new(Status::GenericFailure, "a value of 4 GiB or more cannot be read"))
}

fn array(env: &Env, values: &[sys::napi_value]) -> Result<sys::napi_value> {
    let array = js(env, env.create_array(word(values.len())?)?)?;
    for (index, value) in (0..).zip(values) {
        // SAFETY: `array` was made above, and the values belong to the call under way.
        check_status!(unsafe { sys::napi_set_element(env.raw(), array, index, *value) })?;
    }
    Ok(array)
}
