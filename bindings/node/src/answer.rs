//! What reads, writes and watches answer, as JavaScript is given it.

use crate::info::StoreInfo;
use crate::js::{Scratch, bytes, js};
use crate::page;
use crate::pieces::{Rest, list, millis};
use napi::bindgen_prelude::Null;
use napi::{Env, Result, sys};
use slipstream::kv::KvRecord;
use slipstream_bridge::Value;

/// A value as JavaScript is given it; small bytes in `scratch`.
pub(crate) fn data(env: &Env, value: Value, scratch: &mut Scratch<'_>) -> Result<sys::napi_value> {
    match value {
        Value::Unit => js(env, ()),
        Value::Bool(yes) => js(env, yes),
        Value::Token(token) => bytes(env, [token.as_bytes(), &[], &[]], Some(scratch)),
        Value::Entry(Some(entry)) => {
            let (head, length) = head(&entry);
            let parts = [&head[..length], entry.version.as_bytes(), &entry.value];
            bytes(env, parts, Some(scratch))
        }
        Value::Found(entries) => list(env, Rest::Found(entries.into_iter())),
        Value::Keys(keys) => list(env, Rest::Keys(keys.into_iter())),
        Value::Entries(entries) => list(env, Rest::Entries(entries.into_iter())),
        Value::Batch(Some(batch)) => page::batch(env, &batch, 0),
        Value::Info(info) => js(env, StoreInfo::from(&*info)),
        // A session and a store are handles, which those who open them make.
        Value::Entry(None) | Value::Batch(None) | Value::Session(_) | Value::Store(_) => {
            js(env, Null)
        }
    }
}

/// What stands before the version and the value of one entry: the length of the version with marks,
/// and when it ends, if it does.
fn head(entry: &KvRecord) -> ([u8; 9], usize) {
    let mut head = [0; 9];
    let mark = if entry.deleted { TOMBSTONE } else { 0 };
    head[0] = entry.version.as_bytes().len() as u8 | mark;
    let Some(end) = entry.expires_at else { return (head, 1) };
    head[0] |= ENDS;
    head[1..].copy_from_slice(&millis(end).to_be_bytes());
    (head, 9)
}

/// Marks beside the length of a version.
const TOMBSTONE: u8 = 0x40;
const ENDS: u8 = 0x80;
