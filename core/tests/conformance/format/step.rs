//! The steps of a scenario.

use super::{Config, ErrorSpec, Expected, Text, Token};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

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
    GetMany(GetMany),
    Info(Info),
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
    Stores(Stores),
    DeleteStore(DeleteStore),
    Close(OfConnection),
    Reopen(Nothing),
    Recreate(Nothing),
    Healthy(Healthy),
    Capabilities(Capabilities),
    Server(Server),
    During(During),
    Pause(Pause),
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
    pub deleted: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    pub expires_in: Option<Option<[f64; 2]>>,
    pub count: Option<usize>,
    pub within: Option<f64>,
    pub error: Option<ErrorSpec>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetMany {
    #[serde(default = "main_name")]
    pub store: String,
    #[serde(default)]
    pub keys: Vec<Text>,
    /// Every key of a `put_many`, instead of `keys`.
    pub many: Option<Keys>,
    pub expect: Option<Vec<Option<Text>>>,
    pub count: Option<usize>,
    pub error: Option<ErrorSpec>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Info {
    #[serde(default = "main_name")]
    pub store: String,
    #[serde(default)]
    pub expect: ExpectedInfo,
    pub error: Option<ErrorSpec>,
}

/// What `info` must tell, where it is said.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedInfo {
    pub keys: Option<u64>,
    pub marks: Option<u64>,
    pub bytes: Option<u64>,
    pub version: Option<Token>,
    pub limits: Option<ExpectedLimits>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedLimits {
    pub storage: Option<String>,
    pub max_history: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    pub max_age: Option<Option<f64>>,
    #[serde(default, deserialize_with = "present")]
    pub max_bytes: Option<Option<u64>>,
    pub num_replicas: Option<usize>,
    pub discard: Option<String>,
    pub ttl: Option<bool>,
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
    #[serde(default = "main_name")]
    pub store: String,
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
    /// Without these and without keys, a language asks for everything by saying nothing.
    pub prefixes: Option<Vec<Text>>,
    /// Every key of a `put_many` is a prefix, instead of `prefixes`.
    pub many: Option<Keys>,
    /// For languages that take prefixes as several arguments as well as in a list.
    #[serde(default, rename = "listed")]
    pub _listed: bool,
    pub keys: Option<Vec<Text>>,
    /// Every key of a `put_many` is a key, instead of `keys`.
    pub many_keys: Option<Keys>,
    pub cursor: Option<Token>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub prefix: String,
    pub count: usize,
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
    /// The deadline of its operations.
    pub timeout: Option<f64>,
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
pub struct Stores {
    #[serde(default = "main_name")]
    pub connection: String,
    pub expect: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteStore {
    #[serde(default = "main_name")]
    pub connection: String,
    pub name: Option<Text>,
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
pub struct Server {
    pub call: Text,
    #[serde(default)]
    pub with: serde_json::Map<String, serde_json::Value>,
    pub expect: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct During {
    pub step: Box<Step>,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    pub seconds: Text,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

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
