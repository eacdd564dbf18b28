//! Bytes of the file, and the numbers in them, in the byte order of the machine, as LMDB writes them.

use super::fault::Fault;
use std::fs::File;
use std::os::unix::fs::FileExt;

pub(super) fn read(file: &File, into: &mut [u8], at: u64) -> Result<(), Fault> {
    Ok(file.read_exact_at(into, at)?)
}

/// The number at an offset, in the byte order of the machine, as LMDB writes it.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]])
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_ne_bytes(number)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_ne_bytes(number)
}
