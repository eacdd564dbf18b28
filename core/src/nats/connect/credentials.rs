//! Who connects: a name with a secret, or a key that signs what the server asks.

use super::address::Login;
use super::config::NatsOptions;
use super::file;
use crate::kv::KvError;
use async_nats::{Auth, AuthError, ConnectOptions};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use nkeys::KeyPair;
use std::sync::Arc;

/// Who connects.
#[derive(Clone)]
pub(in crate::nats) enum Credentials {
    Nobody,
    Token(String),
    User { user: String, password: String },
    Nkey(Arc<KeyPair>),
    Jwt { jwt: String, key: Arc<KeyPair> },
}

/// Base64 as tools print it, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Credentials {
    /// Takes them from the options or the URL, of which only one may say them. Reads the
    /// credentials file.
    pub(in crate::nats) fn read(
        login: Option<&Login>,
        given: &NatsOptions,
    ) -> Result<Self, KvError> {
        check_one(login, given)?;
        if let Some(creds) = &given.creds {
            return decode(creds).and_then(|text| parse(&text)).ok_or_else(|| {
                KvError::InvalidArgument("creds is not a credentials file in base64".to_owned())
            });
        }
        if let Some(path) = &given.creds_file {
            return parse(&file::read("creds_file", path)?).ok_or_else(|| {
                KvError::InvalidArgument(format!("creds_file {path:?} is not a credentials file"))
            });
        }
        if let Some(seed) = &given.nkey {
            return user_key(seed).map(Self::Nkey).ok_or_else(|| {
                KvError::InvalidArgument(
                    "nkey is not the seed of a user (SU and 56 more characters)".to_owned(),
                )
            });
        }
        if let Some(token) = &given.token {
            return Ok(Self::Token(token.clone()));
        }
        if let Some(user) = &given.user {
            let password = given.password.clone().unwrap_or_default();
            return Ok(Self::User { user: user.clone(), password });
        }
        Ok(match login.cloned() {
            Some(Login::Token(token)) => Self::Token(token),
            Some(Login::User { user, password }) => Self::User { user, password },
            None => Self::Nobody,
        })
    }

    /// Options that answer a server with these.
    pub(in crate::nats) fn options(&self) -> ConnectOptions {
        if let Self::Nobody = self {
            return ConnectOptions::new();
        }
        let credentials = self.clone();
        ConnectOptions::with_auth_callback(move |nonce| {
            std::future::ready(credentials.answer(&nonce).map_err(AuthError::new))
        })
    }

    /// What a server is told that gave this to be signed.
    pub(in crate::nats) fn answer(&self, nonce: &[u8]) -> Result<Auth, nkeys::error::Error> {
        let mut auth = Auth::new();
        match self.clone() {
            Self::Nobody => {}
            Self::Token(token) => auth.token = Some(token),
            Self::User { user, password } => {
                auth.username = Some(user);
                auth.password = Some(password);
            }
            Self::Nkey(key) => {
                auth.signature = Some(key.sign(nonce)?);
                auth.nkey = Some(key.public_key());
            }
            Self::Jwt { jwt, key } => {
                auth.signature = Some(key.sign(nonce)?);
                auth.jwt = Some(jwt);
            }
        }
        Ok(auth)
    }
}

fn check_one(login: Option<&Login>, given: &NatsOptions) -> Result<(), KvError> {
    let ways = [
        (login.is_some(), "the login in the url"),
        (given.creds.is_some(), "creds"),
        (given.creds_file.is_some(), "creds_file"),
        (given.nkey.is_some(), "nkey"),
        (given.token.is_some(), "token"),
        (given.user.is_some(), "user"),
    ];
    let ways: Vec<_> = ways.iter().filter(|(given, _)| *given).map(|(_, name)| *name).collect();
    match ways[..] {
        [first, second, ..] => Err(KvError::InvalidArgument(format!(
            "{first} and {second} both say who connects; give one of them"
        ))),
        _ if given.password.is_some() && given.user.is_none() => {
            Err(KvError::InvalidArgument("password is given without user".to_owned()))
        }
        _ => Ok(()),
    }
}

fn decode(creds: &str) -> Option<String> {
    let creds: String = creds.split_whitespace().collect();
    String::from_utf8(BASE64.decode(creds).ok()?).ok()
}

/// Reads the two parts of a credentials file, the JWT and the seed, each of which stands between
/// two lines of dashes.
fn parse(text: &str) -> Option<Credentials> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut part = || {
        lines.find(|line| line.starts_with("---") && line.contains("BEGIN"))?;
        let content = lines.next()?;
        lines.next().filter(|line| line.starts_with("---")).map(|_| content)
    };
    let (jwt, seed) = (part()?, part()?);
    Some(Credentials::Jwt { jwt: jwt.to_owned(), key: user_key(seed)? })
}

fn user_key(seed: &str) -> Option<Arc<KeyPair>> {
    let key = seed.starts_with("SU").then(|| KeyPair::from_seed(seed).ok());
    key.flatten().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(seed: &str, end: &str) -> String {
        format!(
            "-----BEGIN NATS USER JWT-----{end}ey.J.x{end}------END NATS USER JWT------{end}{end}\
             ****** IMPORTANT ******{end}{end}-----BEGIN USER NKEY SEED-----{end}{seed}{end}\
             ------END USER NKEY SEED------{end}{end}*****{end}"
        )
    }

    #[test]
    fn a_credentials_file_is_read_with_either_end_of_line() {
        let seed = KeyPair::new_user().seed().unwrap();
        for end in ["\n", "\r\n"] {
            let Some(Credentials::Jwt { jwt, key }) = parse(&file(&seed, end)) else {
                panic!("not read")
            };
            assert_eq!((jwt.as_str(), key.seed().unwrap()), ("ey.J.x", seed.clone()));
        }
    }

    #[test]
    fn what_is_no_credentials_file_is_refused() {
        let account = KeyPair::new_account().seed().unwrap();
        assert!(parse(&file(&account, "\n")).is_none(), "not the seed of a user");
        assert!(parse(&file("SUXX", "\n")).is_none());
        assert!(parse("-----BEGIN NATS USER JWT-----").is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_a_credentials_file_or_not(text in "(-----BEGIN X---\\n|\\PC*\\n){0,6}") {
            let _ = parse(&text);
        }
    }
}
