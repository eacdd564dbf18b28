//! The scenario files, as types: what `tests/conformance/README.md` describes.

mod step;

pub use step::*;

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// One scenario: a rule of the contract, told in steps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub rule: String,
    pub name: String,
    /// Edge cases of the field notes that this proves.
    #[serde(default)]
    pub edge: Vec<u32>,
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub config: Config,
    pub steps: Vec<Step>,
}

/// How a store is configured; times in seconds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub storage: Option<String>,
    pub max_history: Option<u32>,
    pub max_age: Option<f64>,
    pub max_bytes: Option<i64>,
    pub num_replicas: Option<usize>,
    pub discard: Option<String>,
    /// Whether a missing store is made.
    pub create: Option<bool>,
}

/// Text or bytes.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// As written; `$name` is the value of a name.
    Plain(String),
    Repeat {
        repeat: String,
        times: usize,
    },
    Hex {
        hex: String,
    },
}

/// A version or a cursor.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Token {
    /// `$name`, or the empty token.
    Name(String),
    Hex {
        hex: String,
    },
    /// Another token with its last eight bytes, as a big-endian number, counted on.
    Ahead {
        ahead_of: String,
        by: i64,
    },
    /// The cursor after a version, of whatever store.
    After {
        after: Box<Token>,
    },
    /// Another token with its first byte replaced.
    Mangled {
        mangled: String,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ErrorSpec {
    Code(String),
    Full(ErrorDetails),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorDetails {
    pub code: String,
    #[serde(default)]
    pub contains: Vec<Text>,
    #[serde(default)]
    pub lacks: Vec<Text>,
    pub key: Option<Text>,
    pub store: Option<String>,
    pub retryable: Option<bool>,
    pub outcome_unknown: Option<bool>,
}

/// What an operation must answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Expected {
    Flag(bool),
    Text(Text),
    Keys(Vec<String>),
    Entries(Vec<(String, Text)>),
}

/// Where the scenario files are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance")
}

/// Every scenario of every file, in order.
pub fn load_scenarios() -> Vec<Scenario> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory())
        .expect("tests/conformance is readable")
        .map(|file| file.expect("a directory entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files.iter().flat_map(|path| read::<Vec<Scenario>>(path)).collect()
}

/// One YAML file as `T`; what does not fit the format stops the run.
pub fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).expect("a readable file");
    // Only `true` and `false` are flags: `no` and `n` are text here, as in YAML 1.2.
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(&text, options)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
