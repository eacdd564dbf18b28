//! Keys: their grammar, and sets of them.

mod grammar;
mod set;

pub(crate) use grammar::can_be_named;
pub use grammar::{
    MAX_KEY_LEN, MAX_NAME_LEN, MAX_NAMED_LEN, check_key, check_name, check_named, check_prefix,
};
pub use set::KeySet;
