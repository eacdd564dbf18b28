use super::address::Login;
use super::config::NatsOptions;
use super::file;
use crate::kv::KvError;
use async_nats::ConnectOptions;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Base64 as tools print it, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Adds to the options who connects, of which only one may be said. Reads the credentials file.
pub(super) fn authenticate(
    options: ConnectOptions,
    login: Option<&Login>,
    given: &NatsOptions,
) -> Result<ConnectOptions, KvError> {
    check_one(login, given)?;
    if let Some(creds) = &given.creds {
        let text = decode(creds).ok_or_else(|| {
            KvError::InvalidArgument("creds is not a credentials file in base64".to_owned())
        })?;
        return with_credentials(options, &text, "creds");
    }
    if let Some(path) = &given.creds_file {
        let text = file::read("creds_file", path)?;
        return with_credentials(options, &text, &format!("creds_file {path:?}"));
    }
    if let Some(seed) = &given.nkey {
        let usable = seed.starts_with("SU") && nkeys::KeyPair::from_seed(seed).is_ok();
        return match usable {
            true => Ok(options.nkey(seed.clone())),
            false => Err(KvError::InvalidArgument(
                "nkey is not the seed of a user (SU and 56 more characters)".to_owned(),
            )),
        };
    }
    if let Some(token) = &given.token {
        return Ok(options.token(token.clone()));
    }
    if let Some(user) = &given.user {
        let password = given.password.clone().unwrap_or_default();
        return Ok(options.user_and_password(user.clone(), password));
    }
    Ok(match login.cloned() {
        Some(Login::Token(token)) => options.token(token),
        Some(Login::User { user, password }) => options.user_and_password(user, password),
        None => options,
    })
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

fn with_credentials(
    options: ConnectOptions,
    text: &str,
    option: &str,
) -> Result<ConnectOptions, KvError> {
    options.credentials(text).map_err(|error| {
        KvError::InvalidArgument(format!("{option} is not a credentials file: {error}"))
    })
}
