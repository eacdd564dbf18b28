//! A large answer, handed over piece by piece.

use crate::js::js;
use crate::page::{self, Row};
use napi::bindgen_prelude::{Null, ToNapiValue};
use napi::{Env, Result, sys};
use napi_derive::napi;
use slipstream::kv::KvRecord;
use std::time::{SystemTime, UNIX_EPOCH};
use std::vec::IntoIter;

/// What one piece of a large answer holds at most, so that making it does not hold a loop up.
const ITEMS: usize = 512;
const BYTES: usize = 256 * 1024;

/// A large answer. JavaScript takes it piece by piece, and lets its loop have turns in between.
#[napi]
pub struct Pieces {
    rest: Rest,
}

/// A list, or what is left of it.
pub(crate) enum Rest {
    /// What `scan` found.
    Entries(IntoIter<KvRecord>),
    /// What `get_many` found for each key.
    Found(IntoIter<Option<KvRecord>>),
    /// What `keys` found.
    Keys(IntoIter<String>),
}

/// Some of a list; nothing after the last.
pub struct Piece(Option<Rest>);

#[napi]
impl Pieces {
    /// The next piece, as an array, or null after the last.
    #[napi(catch_unwind)]
    pub fn next(&mut self) -> Piece {
        Piece(self.rest.take())
    }
}

/// A list as JavaScript gets it: an array if it is small, else what hands out the pieces.
pub(crate) fn list(env: &Env, mut rest: Rest) -> Result<sys::napi_value> {
    if rest.len() <= rest.fitting() { rest.array(env) } else { js(env, Pieces { rest }) }
}

impl Rest {
    fn len(&self) -> usize {
        match self {
            Self::Entries(rest) => rest.len(),
            Self::Found(rest) => rest.len(),
            Self::Keys(rest) => rest.len(),
        }
    }

    /// How many of it one piece holds.
    fn fitting(&self) -> usize {
        match self {
            Self::Entries(rest) => fitting(rest.as_slice(), |entry| entry.value.len()),
            Self::Found(rest) => fitting(rest.as_slice(), |found| {
                found.as_ref().map_or(0, |entry| entry.value.len())
            }),
            Self::Keys(rest) => fitting(rest.as_slice(), String::len),
        }
    }

    fn take(&mut self) -> Option<Self> {
        let count = self.fitting();
        let taken = match self {
            Self::Entries(rest) => Self::Entries(first(rest, count)),
            Self::Found(rest) => Self::Found(first(rest, count)),
            Self::Keys(rest) => Self::Keys(first(rest, count)),
        };
        (count > 0).then_some(taken)
    }

    fn array(&mut self, env: &Env) -> Result<sys::napi_value> {
        match self {
            Self::Entries(entries) => page::pages(env, entries.as_slice().iter().map(row)),
            Self::Found(entries) => page::pages(env, entries.as_slice().iter().map(found)),
            Self::Keys(keys) => js(env, keys.collect::<Vec<_>>()),
        }
    }
}

/// How many items from the first on one piece holds: one at least, if there is one.
fn fitting<T>(items: &[T], size: impl Fn(&T) -> usize) -> usize {
    let mut bytes = 0;
    let full = items.iter().take(ITEMS).position(|item| {
        bytes += size(item);
        bytes > BYTES
    });
    full.map_or(items.len().min(ITEMS), |full| full.max(1))
}

fn first<T>(items: &mut IntoIter<T>, count: usize) -> IntoIter<T> {
    items.take(count).collect::<Vec<_>>().into_iter()
}

/// A moment as JavaScript counts it, in milliseconds since 1970.
pub(crate) fn millis(moment: SystemTime) -> f64 {
    moment.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_millis() as f64)
}

/// The row of a key that JavaScript has already.
fn found(entry: &Option<KvRecord>) -> Row<'_> {
    match entry {
        Some(entry) => Row { key: "", ..row(entry) },
        None => Row { kind: 5, key: "", value: &[], version: &[], cursor: Vec::new() },
    }
}

fn row(entry: &KvRecord) -> Row<'_> {
    let (key, value) = (&entry.key, &entry.value);
    let cursor = entry.expires_at.map_or_else(Vec::new, |end| millis(end).to_be_bytes().to_vec());
    Row { kind: 0, key, value, version: entry.version.as_bytes(), cursor }
}

impl ToNapiValue for Piece {
    unsafe fn to_napi_value(env: sys::napi_env, Piece(piece): Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(env);
        match piece {
            Some(mut piece) => piece.array(&env),
            None => js(&env, Null),
        }
    }
}
