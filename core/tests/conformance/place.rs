//! The servers that scenarios of NATS run on: `tests/kit/place.py`, driven by lines of JSON.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Programs that no scenario uses now. Starting one takes longer than the server it starts. They
/// end with this process: their input does.
static IDLE: Mutex<Vec<Program>> = Mutex::new(Vec::new());

/// A fresh server with a proxy before it, for one scenario, or a cluster.
pub struct Place {
    /// Where it is: `server`, `proxy` and the server's `address`, which stands after `//`; or the
    /// servers of a cluster by their names.
    pub urls: BTreeMap<String, String>,
    program: Arc<Mutex<Option<Program>>>,
}

/// A running `programs/place.py`.
struct Program {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    _process: Child,
}

impl Place {
    pub async fn fresh() -> Result<Self, String> {
        Self::of("server").await
    }

    /// A place of a kind that `place.py` knows.
    pub async fn of(kind: &str) -> Result<Self, String> {
        let idle = locked(&IDLE).pop();
        let program = idle.map_or_else(Program::start, Ok)?;
        let program = Arc::new(Mutex::new(Some(program)));
        let question = json!({ "call": "fresh", "arguments": { "kind": kind } });
        let urls = call(program.clone(), question).await?;
        let urls = serde_json::from_value(urls).map_err(|error| error.to_string())?;
        Ok(Self { urls, program })
    }

    /// Makes a call of `Place` and returns its answer.
    pub async fn call(&self, name: &str, arguments: &Map<String, Value>) -> Result<Value, String> {
        call(self.program.clone(), json!({ "call": name, "arguments": arguments })).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Where a call is still being made, its program is not used again.
        if let Ok(mut program) = self.program.try_lock() {
            locked(&IDLE).extend(program.take());
        }
    }
}

impl Program {
    fn start() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut process = Command::new(root.join(".venv/bin/python"))
            .arg(root.join("tests/kit/programs/place.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!(".venv/bin/python, which `make build` makes: {error}"))?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let (Some(input), Some(output)) = (input, output) else {
            return Err("place.py has no pipes".into());
        };
        Ok(Self { input, output: BufReader::new(output), _process: process })
    }

    fn ask(&mut self, question: &Value) -> Result<Value, String> {
        let mut line = String::new();
        writeln!(self.input, "{question}").map_err(|error| error.to_string())?;
        self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        let mut said: Map<String, Value> = serde_json::from_str(&line)
            .map_err(|error| format!("place.py said {line:?}: {error}"))?;
        match said.remove("error") {
            Some(error) => Err(format!("{question}: {error}")),
            None => Ok(said.remove("answer").unwrap_or_default()),
        }
    }
}

async fn call(program: Arc<Mutex<Option<Program>>>, question: Value) -> Result<Value, String> {
    let asked = tokio::task::spawn_blocking(move || {
        let mut program = locked(&program);
        program.as_mut().ok_or("the place is gone")?.ask(&question)
    });
    asked.await.map_err(|error| error.to_string())?
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
