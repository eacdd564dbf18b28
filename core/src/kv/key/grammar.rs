//! The grammar of keys, prefixes and store names, in one place (contract section K).

use crate::kv::KvError;

/// The longest key that is made here, in bytes.
pub const MAX_KEY_LEN: usize = 1024;
/// The longest key or prefix that calls can name, in bytes: with it, a request to a NATS server
/// stays under the 4,096 bytes that the server takes as one line.
pub const MAX_NAMED_LEN: usize = 3072;
/// The longest store name, in bytes.
pub const MAX_NAME_LEN: usize = 64;

const KEY_BYTES: &str = "A-Z a-z 0-9 - _ / = .";

/// Checks a key that is to be made: 1 to 1024 bytes of `A-Z a-z 0-9 - _ / = .`, no `.` at either
/// end, no `..` (K1).
pub fn check_key(key: &str) -> Result<(), KvError> {
    let broken = match key.as_bytes() {
        [] => Some("is empty".to_owned()),
        [b'.', ..] => Some("starts with '.'".to_owned()),
        [.., b'.'] => Some("ends with '.'".to_owned()),
        bytes => broken_rule(key, bytes),
    };
    broken.map_or(Ok(()), |rule| Err(invalid("key", key, &rule)))
}

/// Checks a key that may be there, whoever made it (K4): 1 to 3072 bytes without white space, control
/// characters and empty tokens, in which no token is `*` or `>`.
pub fn check_named(key: &str) -> Result<(), KvError> {
    if is_made_here(key) {
        return Ok(());
    }
    let broken = match key.as_bytes() {
        [] => Some("is empty".to_owned()),
        [b'.', ..] => Some("starts with '.'".to_owned()),
        [.., b'.'] => Some("ends with '.'".to_owned()),
        _ => unnameable(key).or_else(|| {
            let wildcard = key.split('.').find(|token| matches!(*token, "*" | ">"))?;
            Some(format!("has {wildcard:?} as a token, which is a wildcard"))
        }),
    };
    broken.map_or(Ok(()), |rule| Err(invalid("key", key, &rule)))
}

/// Whether calls can name this key, as [`check_named`] says.
pub(crate) fn can_be_named(key: &str) -> bool {
    is_made_here(key) || check_named(key).is_ok()
}

/// Checks a prefix: any leading part of a key that calls can name, the empty one included, without
/// `*` and `>` (K2).
pub fn check_prefix(prefix: &str) -> Result<(), KvError> {
    let broken = match prefix.as_bytes() {
        [] => None,
        [b'.', ..] => Some("starts with '.', so no key can have it".to_owned()),
        _ => unnameable(prefix).or_else(|| {
            let wildcard = prefix.chars().find(|c| matches!(c, '*' | '>'))?;
            Some(format!("has {wildcard:?}, and prefixes have no wildcards"))
        }),
    };
    broken.map_or(Ok(()), |rule| Err(invalid("prefix", prefix, &rule)))
}

/// Checks a store name: 1 to 64 bytes of `A-Z a-z 0-9 - _` (K3).
pub fn check_name(name: &str) -> Result<(), KvError> {
    let rule = if name.is_empty() {
        "is empty".to_owned()
    } else if name.len() > MAX_NAME_LEN {
        format!("has {} bytes, at most {MAX_NAME_LEN} are allowed", name.len())
    } else {
        match name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
            Some(c) => format!("has {c:?}, only A-Z a-z 0-9 - _ are allowed"),
            None => return Ok(()),
        }
    };
    Err(invalid("store name", name, &rule))
}

fn broken_rule(text: &str, bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_KEY_LEN {
        return Some(format!("has {} bytes, at most {MAX_KEY_LEN} are allowed", bytes.len()));
    }
    let mut before = 0;
    for &byte in bytes {
        if !is_key_byte(byte) {
            let c = text.chars().find(|c| !c.is_ascii() || !is_key_byte(*c as u8))?;
            return Some(format!("has {c:?}, only {KEY_BYTES} are allowed"));
        }
        if byte == b'.' && before == b'.' {
            return Some("has '..'".to_owned());
        }
        before = byte;
    }
    None
}

/// Whether a key follows the grammar of those that are made here.
fn is_made_here(key: &str) -> bool {
    let bytes = key.as_bytes();
    !matches!(bytes, [] | [b'.', ..] | [.., b'.']) && broken_rule(key, bytes).is_none()
}

/// What no call can name, in a key or in a prefix. In JSON a replacement character stands for bytes
/// that are no text, so a key with one is no name either.
fn unnameable(text: &str) -> Option<String> {
    if text.len() > MAX_NAMED_LEN {
        return Some(format!("has {} bytes, at most {MAX_NAMED_LEN} are allowed", text.len()));
    }
    let forbidden =
        |c: &char| c.is_whitespace() || c.is_control() || *c == char::REPLACEMENT_CHARACTER;
    if let Some(c) = text.chars().find(forbidden) {
        return Some(format!("has {c:?}, which no key can have"));
    }
    text.contains("..").then(|| "has '..'".to_owned())
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b'=' | b'.')
}

fn invalid(what: &str, text: &str, rule: &str) -> KvError {
    const SHOWN: usize = 80;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    KvError::InvalidArgument(format!("{what} {shown:?}{more} {rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn k1_names_the_key_and_the_rule() {
        for (key, rule) in [
            ("", "is empty"),
            (".a", "starts with"),
            ("a.", "ends with"),
            ("a..b", "'..'"),
            ("a b", "' '"),
            ("a*", "'*'"),
            ("nl\n", "'\\n'"),
            ("käse", "'ä'"),
        ] {
            let message = check_key(key).unwrap_err().to_string();
            assert!(message.contains(rule) && message.contains(&format!("{key:?}")), "{message}");
        }
        assert!(check_key(&"k".repeat(1024)).is_ok());
        assert!(check_key(&"k".repeat(1025)).is_err());
        assert!(check_key("A-z_0/=.b").is_ok());
    }

    #[test]
    fn k4_what_others_wrote_can_be_named_but_for_what_no_subject_can_have() {
        for key in ["a:b", "käse", "a*", "a>b", "a.b*.c", "$x", "a\\b", "a,b", &"k".repeat(1025)] {
            assert!(check_key(key).is_err() && check_named(key).is_ok(), "{key}");
            assert!(can_be_named(key), "{key}");
        }
        for (key, rule) in [
            ("", "is empty"),
            (".a", "starts with"),
            ("a.", "ends with"),
            ("a..b:", "'..'"),
            ("a b", "' '"),
            ("nl\n", "'\\n'"),
            ("a\u{a0}", "'\\u{a0}'"),
            ("*", "\"*\" as a token"),
            ("a.>", "\">\" as a token"),
            ("a.*.b", "\"*\" as a token"),
            ("\u{fffd}", "no key can have"),
        ] {
            let message = check_named(key).unwrap_err().to_string();
            assert!(message.contains(rule) && message.contains(&format!("{key:?}")), "{message}");
            assert!(!can_be_named(key), "{key}");
        }
        assert!(check_named(&":".repeat(3072)).is_ok());
        assert!(check_named(&":".repeat(3073)).is_err());
    }

    #[test]
    fn k2_a_prefix_is_any_leading_part_of_a_key() {
        for prefix in ["", "node", "node.", "a.b/c=", "a:", "käse.", "$"] {
            assert!(check_prefix(prefix).is_ok(), "{prefix}");
        }
        for prefix in ["a*", ">", "a>b", "a b", "a\t", "..", ".a", "a..b"] {
            assert!(check_prefix(prefix).is_err(), "{prefix}");
        }
    }

    #[test]
    fn k3_store_names() {
        assert!(check_name("Routes_1-b").is_ok());
        for name in ["", "a.b", "a b", "é", &"n".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn k2_every_leading_part_of_a_key_is_a_prefix(key in "[a-z/=_-][a-z./=_-]{0,20}", cut: usize) {
            prop_assume!(check_key(&key).is_ok());
            prop_assert!(check_named(&key).is_ok());
            prop_assert!(check_prefix(&key[..cut % (key.len() + 1)]).is_ok());
        }

        #[test]
        fn k1_never_panics(text in "\\PC*") {
            let _ = (check_key(&text), check_named(&text), check_prefix(&text), check_name(&text));
        }
    }
}
