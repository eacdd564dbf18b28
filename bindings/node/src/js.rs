//! Values handed to JavaScript, small bytes through a buffer that is used again.

use napi::bindgen_prelude::ToNapiValue;
use napi::{Env, Result, check_status, sys};
use std::ptr;

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
