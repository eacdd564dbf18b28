use crate::event_loop::Operations;
use crate::failure::Failure;
use crate::page;
use crate::pieces::{Rest, list};
use crate::session::Session;
use crate::store::Store;
use crate::watch::Watch;
use napi::bindgen_prelude::{Null, ToNapiValue};
use napi::{Env, Result, check_status, sys};
use slipstream::handle;
use slipstream::kv::KvError;
use slipstream_bridge::{Counted, Kind, Outcome, Value};
use std::ptr;
use std::rc::Rc;

/// What a native call returns: a number stands for an operation whose outcome will be drained, or
/// if negative for `-1 - n` bytes in the scratch buffer. No other answer is a number.
pub enum Answer {
    /// It is done.
    Ready(Rc<Operations>, Outcome),
    /// The watch that was opened, or why there is none.
    Watch(std::result::Result<Watch, handle::Failure>),
    /// It is under way.
    Pending(u32),
}

impl ToNapiValue for Answer {
    unsafe fn to_napi_value(env: sys::napi_env, answer: Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(env);
        match answer {
            Self::Ready(operations, outcome) => {
                let mut scratch = operations.scratch().borrow_mut();
                // SAFETY: JavaScript never runs while this does, so nobody else looks at the
                // buffer, and it hands it to no other thread.
                let mut scratch = Scratch(unsafe { scratch.as_mut() });
                to_js(&env, &operations, outcome, &mut scratch)
            }
            Self::Watch(Ok(watch)) => js(&env, watch),
            Self::Watch(Err(failure)) => js(&env, Failure::from(failure)),
            Self::Pending(id) => js(&env, id),
        }
    }
}

/// Room for small answers, one behind the other.
pub(crate) struct Scratch<'a>(pub(crate) &'a mut [u8]);

impl Scratch<'_> {
    fn take(&mut self, len: usize) -> Option<&mut [u8]> {
        if len > self.0.len() {
            return None;
        }
        let (taken, rest) = std::mem::take(&mut self.0).split_at_mut(len);
        self.0 = rest;
        Some(taken)
    }
}

/// An outcome as JavaScript gets it; small bytes in `scratch`. What JavaScript cannot hold is a
/// failure of that one operation.
pub(crate) fn to_js(
    env: &Env,
    operations: &Rc<Operations>,
    outcome: Outcome,
    scratch: &mut Scratch<'_>,
) -> Result<sys::napi_value> {
    convert(env, operations, outcome, scratch).or_else(|error| {
        let error = KvError::OperationFailed(error.reason.to_string());
        // What it was the answer of has been done.
        let failure = handle::Failure::new(error, "answer");
        js(env, Failure::from(handle::Failure { outcome_unknown: true, ..failure }))
    })
}

fn convert(
    env: &Env,
    operations: &Rc<Operations>,
    outcome: Outcome,
    scratch: &mut Scratch<'_>,
) -> Result<sys::napi_value> {
    match outcome {
        Err(failure) => js(env, Failure::from(failure)),
        Ok(Value::Unit) => js(env, ()),
        Ok(Value::Bool(yes)) => js(env, yes),
        Ok(Value::Token(token)) => bytes(env, [token.as_bytes(), &[], &[]], Some(scratch)),
        Ok(Value::Entry(None) | Value::Batch(None)) => js(env, Null),
        Ok(Value::Entry(Some(entry))) => {
            let version = entry.version.as_bytes();
            bytes(env, [&[version.len() as u8], version, &entry.value], Some(scratch))
        }
        Ok(Value::Found(entries)) => list(env, Rest::Found(entries.into_iter())),
        Ok(Value::Keys(keys)) => list(env, Rest::Keys(keys.into_iter())),
        Ok(Value::Entries(entries)) => list(env, Rest::Entries(entries.into_iter())),
        Ok(Value::Batch(Some(batch))) => page::batch(env, &batch, 0),
        Ok(Value::Session(session)) => {
            js(env, Session::new(Counted::new(Kind::Session, session), operations.clone()))
        }
        Ok(Value::Store(store)) => {
            js(env, Store::new(Counted::new(Kind::Store, store), operations.clone()))
        }
    }
}

/// Bytes, in one piece.
pub(crate) fn bytes(
    env: &Env,
    parts: [&[u8]; 3],
    scratch: Option<&mut Scratch<'_>>,
) -> Result<sys::napi_value> {
    let len = parts.iter().map(|part| part.len()).sum();
    if let Some(scratch) = scratch.and_then(|scratch| scratch.take(len)) {
        fill(scratch, &parts);
        return js(env, -1 - len as i32);
    }
    let (mut data, mut buffer) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the out-pointers are valid, and Node gives `len` bytes at `data`, which is only
    // looked at if there are any.
    unsafe {
        check_status!(sys::napi_create_buffer(env.raw(), len, &mut data, &mut buffer))?;
        if len > 0 {
            fill(std::slice::from_raw_parts_mut(data.cast(), len), &parts);
        }
    }
    Ok(buffer)
}

/// Any value that napi knows how to hand over.
pub(crate) fn js(env: &Env, value: impl ToNapiValue) -> Result<sys::napi_value> {
    // SAFETY: `env` is that of the call under way.
    unsafe { ToNapiValue::to_napi_value(env.raw(), value) }
}

fn fill(mut target: &mut [u8], parts: &[&[u8]]) {
    for part in parts {
        let (head, rest) = target.split_at_mut(part.len());
        head.copy_from_slice(part);
        target = rest;
    }
}
