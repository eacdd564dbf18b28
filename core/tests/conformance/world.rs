//! What a scenario has open, and the names it has given.

use crate::answer::Trouble;
use crate::backend::Backend;
use crate::format::{Config, Scenario, Text, Token};
use crate::place::Place;
use crate::watching::Watching;
use slipstream::handle::{ConnectOptions, Session, Store, connect};
use slipstream::kv::{VersionToken, WatchCursor};
use slipstream::{IfMissing, StoreConfig};
use std::collections::BTreeMap;
use std::time::Duration;
use tempfile::TempDir;

/// The store that every scenario starts with.
pub const STORE: &str = "conformance";

/// Everything that belongs to one run of one scenario.
pub struct World {
    pub url: String,
    pub config: Config,
    pub sessions: BTreeMap<String, Session>,
    pub stores: BTreeMap<String, Store>,
    pub watches: BTreeMap<String, Watching>,
    pub names: Names,
    pub directory: TempDir,
    pub place: Option<Place>,
}

impl World {
    /// A fresh backend with the scenario's store open on it.
    pub async fn open(backend: &Backend, scenario: &Scenario) -> Result<Self, String> {
        let directory = TempDir::new().map_err(|error| error.to_string())?;
        let mut world = Self {
            url: String::new(),
            config: scenario.config.clone(),
            sessions: BTreeMap::new(),
            stores: BTreeMap::new(),
            watches: BTreeMap::new(),
            names: Names::default(),
            directory,
            place: if backend.has("server") { Some(Place::fresh().await?) } else { None },
        };
        for (name, url) in world.place.iter().flat_map(|place| &place.urls) {
            world.names.save(name, url.as_bytes());
        }
        // What a scenario does to its connection, it does in the proxy.
        let through_proxy = scenario.needs.iter().any(|need| need == "server");
        let url = if through_proxy { "{proxy}".to_owned() } else { backend.fresh_url() };
        world.url = world.resolve(&url);
        world.open_main().await?;
        Ok(world)
    }

    /// A URL with this scenario's directory and addresses in place of their names.
    pub fn resolve(&self, url: &str) -> String {
        let url = url.replace("{dir}", &self.directory.path().to_string_lossy());
        let places = self.place.iter().flat_map(|place| &place.urls);
        places.fold(url, |url, (name, place)| url.replace(&format!("{{{name}}}"), place))
    }

    /// Connects and opens the scenario's store, both as `main`.
    pub async fn open_main(&mut self) -> Result<(), String> {
        let opened = async {
            let session = connect(&self.url, ConnectOptions::default()).await?;
            let store = session.store(store_config(STORE, &self.config)?).await?;
            Ok::<_, Trouble>((session, store))
        };
        let (session, store) = opened.await.map_err(|failure| failure.to_string())?;
        self.sessions.insert("main".into(), session);
        self.stores.insert("main".into(), store);
        Ok(())
    }

    /// Closes every connection and forgets every handle.
    pub async fn close_all(&mut self) -> Result<(), String> {
        self.watches.clear();
        self.stores.clear();
        for session in std::mem::take(&mut self.sessions).into_values() {
            session.close().await.map_err(|failure| failure.to_string())?;
        }
        Ok(())
    }

    /// Destroys all that the backend holds for this scenario; everything is closed before.
    pub async fn destroy(&mut self) -> Result<(), String> {
        self.close_all().await?;
        if let Some(place) = &self.place {
            place.call("delete_stores", &serde_json::Map::new()).await?;
            return Ok(());
        }
        let fresh = TempDir::new().map_err(|error| error.to_string())?;
        let files = std::fs::read_dir(self.directory.path()).map_err(|error| error.to_string())?;
        for file in files {
            let path = file.map_err(|error| error.to_string())?.path();
            // Moved away rather than removed, so that a store still open would go on unseen.
            let to = fresh.path().join(path.file_name().unwrap_or_default());
            std::fs::rename(&path, to).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    pub fn session(&self, name: &str) -> Result<&Session, String> {
        self.sessions.get(name).ok_or_else(|| format!("no connection {name:?}"))
    }

    pub fn store(&self, name: &str) -> Result<&Store, String> {
        self.stores.get(name).ok_or_else(|| format!("no store {name:?}"))
    }

    pub fn watch(&mut self, name: &str) -> Result<&mut Watching, String> {
        let name = self.names.text(&Text::Plain(name.to_owned()))?;
        self.watches.get_mut(&name).ok_or_else(|| format!("no watch {name:?}"))
    }
}

/// What `as:` saved, and what `$name` stands for.
#[derive(Debug, Clone, Default)]
pub struct Names {
    saved: BTreeMap<String, Vec<u8>>,
}

impl Names {
    pub fn save(&mut self, name: &str, bytes: &[u8]) {
        self.saved.insert(name.to_owned(), bytes.to_vec());
    }

    pub fn bytes(&self, text: &Text) -> Result<Vec<u8>, String> {
        match text {
            Text::Plain(text) => match text.strip_prefix('$') {
                Some(name) => Ok(self.get(name)?.to_vec()),
                None => Ok(text.as_bytes().to_vec()),
            },
            Text::Repeat { repeat, times } => Ok(repeat.repeat(*times).into_bytes()),
            Text::Hex { hex } => bytes_of_hex(hex),
        }
    }

    pub fn text(&self, text: &Text) -> Result<String, String> {
        String::from_utf8(self.bytes(text)?).map_err(|_| format!("{text:?} is not text"))
    }

    pub fn token(&self, token: &Token) -> Result<Vec<u8>, String> {
        match token {
            Token::Name(name) => match name.strip_prefix('$') {
                Some(name) => Ok(self.get(name)?.to_vec()),
                None if name.is_empty() => Ok(Vec::new()),
                None => Err(format!("token {name:?} is not a $name")),
            },
            Token::Hex { hex } => bytes_of_hex(hex),
            Token::Ahead { ahead_of, by } => {
                let mut bytes = self.get(ahead_of.trim_start_matches('$'))?.to_vec();
                let number = bytes.last_chunk_mut::<8>().ok_or("a token under 8 bytes")?;
                *number = u64::from_be_bytes(*number).wrapping_add_signed(*by).to_be_bytes();
                Ok(bytes)
            }
            Token::After { after } => {
                let version = VersionToken::from_bytes(&self.token(after)?);
                let version = version.ok_or("a version of more than 10 bytes")?;
                Ok(WatchCursor::from_version(version).enveloped().to_bytes())
            }
            Token::Mangled { mangled } => {
                let mut bytes = self.get(mangled.trim_start_matches('$'))?.to_vec();
                *bytes.first_mut().ok_or("an empty token")? ^= 0x80;
                Ok(bytes)
            }
        }
    }

    fn get(&self, name: &str) -> Result<&[u8], String> {
        let saved = self.saved.get(name).ok_or_else(|| format!("nothing is named ${name}"))?;
        Ok(saved)
    }
}

/// The configuration of a store, as `open` and `config:` tell it.
pub fn store_config(name: &str, config: &Config) -> Result<StoreConfig, Trouble> {
    let storage = config.storage.as_deref().map(str::parse).transpose()?;
    let discard = config.discard.as_deref().map(str::parse).transpose()?;
    Ok(StoreConfig {
        name: name.to_owned(),
        storage: storage.unwrap_or_default(),
        max_history: config.max_history,
        max_age: config.max_age.map(Duration::from_secs_f64),
        max_bytes: config.max_bytes,
        num_replicas: config.num_replicas,
        discard: discard.unwrap_or_default(),
        if_missing: match config.create {
            Some(false) => IfMissing::Refuse,
            _ => IfMissing::Create,
        },
    })
}

fn bytes_of_hex(hex: &str) -> Result<Vec<u8>, String> {
    let digits = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(digits).collect();
    bytes.ok_or_else(|| format!("{hex:?} is not hexadecimal"))
}
