//! The scenario files, as types: what `tests/conformance/README.md` describes.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
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

/// One step, named by `do`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Step {
    Put(Operation),
    Create(Operation),
    Update(Operation),
    Delete(Operation),
    DeleteWithVersion(Operation),
    Purge(Operation),
    Get(Operation),
    Entry(Operation),
    Keys(Operation),
    Scan(Operation),
    ReadsAgree(ReadsAgree),
    PutMany(Many),
    DeleteMany(Many),
    Race(Race),
    Increment(Increment),
    WhileOverwriting(WhileOverwriting),
    Each(Each),
    Eventually(Eventually),
    Rising(Rising),
    Watch(OpenWatch),
    Updates(Updates),
    UpdatesMany(UpdatesMany),
    Fold(Fold),
    Settle(Settle),
    Synced(OfWatch),
    Quiet(OfWatch),
    Ends(Ends),
    Cursor(Save),
    CloseWatch(OfWatch),
    AbandonWatches(AbandonWatches),
    Connect(Connect),
    Open(Open),
    Close(OfConnection),
    Reopen(Nothing),
    Recreate(Nothing),
    Healthy(Healthy),
    Capabilities(Capabilities),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    #[serde(default = "main_name")]
    pub store: String,
    pub key: Option<Text>,
    #[serde(default)]
    pub prefix: Option<Text>,
    pub value: Option<Text>,
    pub version: Option<Token>,
    pub ttl: Option<f64>,
    #[serde(rename = "as")]
    pub save: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub expect: Option<Option<Expected>>,
    pub expect_version: Option<Token>,
    pub count: Option<usize>,
    pub error: Option<ErrorSpec>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadsAgree {
    #[serde(default = "main_name")]
    pub store: String,
    #[serde(default)]
    pub prefix: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Many {
    #[serde(default = "main_name")]
    pub store: String,
    pub prefix: String,
    pub count: usize,
    pub value: Option<Text>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Race {
    pub tasks: usize,
    pub step: Box<Step>,
    pub expect: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Increment {
    pub key: String,
    pub tasks: usize,
    pub times: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhileOverwriting {
    pub prefix: String,
    pub count: usize,
    pub writers: usize,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Each {
    pub of: Vec<Text>,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eventually {
    pub within: f64,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rising {
    pub of: Vec<Token>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenWatch {
    #[serde(default = "main_name")]
    pub store: String,
    #[serde(default = "watch_name", rename = "as")]
    pub save: String,
    #[serde(default = "everything")]
    pub prefixes: Vec<Text>,
    pub cursor: Option<Token>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Updates {
    #[serde(default = "watch_name")]
    pub watch: String,
    /// `[put, key, value]`, `[delete, key]`, `[purge, key]` or `[gone, key]` (delete or purge).
    pub expect: Vec<Vec<Text>>,
    #[serde(default)]
    pub any_order: bool,
    /// The version of the last of them.
    pub version: Option<Token>,
    pub within: Option<f64>,
    #[serde(rename = "as")]
    pub save: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdatesMany {
    #[serde(default = "watch_name")]
    pub watch: String,
    pub prefix: String,
    pub count: usize,
    #[serde(rename = "as")]
    pub save: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fold {
    #[serde(default = "watch_name")]
    pub watch: String,
    pub expect: BTreeMap<String, Text>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    #[serde(default = "watch_name")]
    pub watch: String,
    pub key: String,
    /// Whether the watch was resumed, so that it has not told the whole state.
    #[serde(default)]
    pub partial: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfWatch {
    #[serde(default = "watch_name")]
    pub watch: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ends {
    #[serde(default = "watch_name")]
    pub watch: String,
    /// Whether updates may come before the end.
    #[serde(default)]
    pub after_updates: bool,
    pub within: Option<f64>,
    pub error: Option<ErrorSpec>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Save {
    #[serde(default = "watch_name")]
    pub watch: String,
    #[serde(rename = "as")]
    pub save: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbandonWatches {
    pub count: usize,
    #[serde(default = "everything")]
    pub prefixes: Vec<Text>,
    /// Whether each reads one update first.
    pub read: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    #[serde(default = "main_name", rename = "as")]
    pub save: String,
    pub url: Option<String>,
    pub error: Option<ErrorSpec>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    #[serde(default = "main_name")]
    pub connection: String,
    #[serde(default = "main_name", rename = "as")]
    pub save: String,
    pub name: Option<Text>,
    #[serde(default)]
    pub config: Config,
    pub error: Option<ErrorSpec>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfConnection {
    #[serde(default = "main_name")]
    pub connection: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Healthy {
    #[serde(default = "main_name")]
    pub connection: String,
    pub expect: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    pub expect: BTreeMap<String, bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

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

/// Tells a field that is `null` from one that is not there.
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

fn main_name() -> String {
    "main".into()
}

fn watch_name() -> String {
    "watch".into()
}

fn everything() -> Vec<Text> {
    vec![Text::Plain(String::new())]
}
