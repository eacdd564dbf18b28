//! What each step does.

mod bulk;
mod info;
mod operation;
mod reads;
mod server;
mod watches;

use crate::answer::Trouble;
use crate::format::{Connect, DeleteStore, Each, ErrorSpec, Eventually, Open, Rising, Step};
use crate::world::{STORE, World, store_config};
use slipstream::handle::{ConnectOptions, connect};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;

/// How often `eventually` tries again.
const POLL: Duration = Duration::from_millis(20);

impl World {
    /// Runs steps in order; an error says which step it was.
    pub fn run<'a>(
        &'a mut self,
        steps: &'a [Step],
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            for (index, step) in steps.iter().enumerate() {
                let told = self.step(step).await;
                told.map_err(|error| format!("step {}: {error}\n  {step:?}", index + 1))?;
            }
            Ok(())
        })
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Each(step) => self.each(step).await,
            Step::Eventually(step) => self.eventually(step).await,
            Step::Rising(step) => self.rising(step),
            Step::GetMany(step) => self.get_many(step).await,
            Step::Info(step) => self.info(step).await,
            Step::ReadsAgree(step) => self.reads_agree(step).await,
            Step::PutMany(step) => self.put_many(step).await,
            Step::DeleteMany(step) => self.delete_many(step).await,
            Step::Race(step) => self.race(step).await,
            Step::Increment(step) => self.increment(step).await,
            Step::WhileOverwriting(step) => self.while_overwriting(step).await,
            Step::Watch(step) => self.open_watch(step),
            Step::Updates(step) => self.updates(step).await,
            Step::UpdatesMany(step) => self.updates_many(step).await,
            Step::Fold(step) => self.fold(step).await,
            Step::Settle(step) => self.settle(step).await,
            Step::Synced(step) => self.watch(&step.watch)?.synced().await,
            Step::Quiet(step) => self.watch(&step.watch)?.quiet().await,
            Step::Ends(step) => self.ends(step).await,
            Step::Cursor(step) => self.save_cursor(step),
            Step::CloseWatch(step) => self.watch(&step.watch)?.close().await,
            Step::AbandonWatches(step) => self.abandon_watches(step).await,
            Step::Connect(step) => self.connect(step).await,
            Step::Open(step) => self.open_store(step).await,
            Step::Stores(step) => {
                let stores = self.session(&step.connection)?.stores().await;
                let stores = stores.map_err(|failure| failure.to_string())?;
                same("the stores", &stores, &step.expect)
            }
            Step::DeleteStore(step) => self.delete_store(step).await,
            Step::Close(step) => {
                self.session(&step.connection)?.close().await.map_err(|e| e.to_string())
            }
            Step::Reopen(_) => {
                self.close_all().await?;
                self.open_main().await
            }
            Step::Recreate(_) => {
                self.destroy().await?;
                self.open_main().await
            }
            Step::Healthy(step) => {
                let healthy = self.session(&step.connection)?.is_healthy();
                same("is_healthy", healthy, step.expect)
            }
            Step::Capabilities(step) => {
                let capabilities = format!("{:?}", self.session("main")?.capabilities());
                step.expect.iter().try_for_each(|(name, has)| {
                    let shown = format!("{name}: {has}");
                    same(&shown, capabilities.contains(&shown), true)
                })
            }
            Step::Server(step) => self.server(step).await,
            Step::During(step) => self.during(step).await,
            Step::Pause(step) => self.pause(step).await,
            operation => self.operation(operation).await,
        }
    }

    async fn each(&mut self, each: &Each) -> Result<(), String> {
        for item in &each.of {
            let item = self.names.bytes(item)?;
            self.names.save("item", &item);
            let told = self.run(&each.steps).await;
            told.map_err(|error| format!("{:?}: {error}", String::from_utf8_lossy(&item)))?;
        }
        Ok(())
    }

    async fn eventually(&mut self, eventually: &Eventually) -> Result<(), String> {
        let limit = Instant::now() + Duration::from_secs_f64(eventually.within);
        loop {
            match self.run(&eventually.steps).await {
                Err(_) if Instant::now() < limit => tokio::time::sleep(POLL).await,
                told => return told,
            }
        }
    }

    fn rising(&self, rising: &Rising) -> Result<(), String> {
        let tokens: Result<Vec<_>, _> = rising.of.iter().map(|t| self.names.token(t)).collect();
        let tokens = tokens?;
        let rises = tokens.windows(2).all(|pair| pair[0] < pair[1]);
        if rises { Ok(()) } else { Err(format!("{tokens:02x?} do not rise")) }
    }

    async fn connect(&mut self, step: &Connect) -> Result<(), String> {
        let url = step.url.as_ref().map_or_else(|| self.url.clone(), |url| self.resolve(url));
        let mut options = ConnectOptions::default();
        options.timeout = step.timeout.map_or(options.timeout, Duration::from_secs_f64);
        let connected = connect(&url, options).await.map_err(Trouble::from);
        if let Some(session) = self.expect(connected, step.error.as_ref())? {
            self.sessions.insert(step.save.clone(), session);
        }
        Ok(())
    }

    async fn open_store(&mut self, step: &Open) -> Result<(), String> {
        let name = match &step.name {
            Some(name) => self.names.text(name)?,
            None => STORE.to_owned(),
        };
        let opened = match store_config(&name, &step.config) {
            Ok(config) => {
                self.session(&step.connection)?.store(config).await.map_err(Trouble::from)
            }
            Err(trouble) => Err(trouble),
        };
        if let Some(store) = self.expect(opened, step.error.as_ref())? {
            same("name", store.name(), &name)?;
            self.stores.insert(step.save.clone(), store);
        }
        Ok(())
    }

    async fn delete_store(&self, step: &DeleteStore) -> Result<(), String> {
        let name = match &step.name {
            Some(name) => self.names.text(name)?,
            None => STORE.to_owned(),
        };
        let deleted = self.session(&step.connection)?.delete_store(&name).await;
        self.expect(deleted.map_err(Trouble::from), step.error.as_ref()).map(|_| ())
    }

    /// The success that was expected, or nothing where the expected error came.
    fn expect<T>(
        &self,
        outcome: Result<T, Trouble>,
        error: Option<&ErrorSpec>,
    ) -> Result<Option<T>, String> {
        match (outcome, error) {
            (Ok(value), None) => Ok(Some(value)),
            (Ok(_), Some(spec)) => Err(format!("succeeded instead of {spec:?}")),
            (Err(trouble), None) => Err(format!("failed: {trouble:?}")),
            (Err(trouble), Some(spec)) => {
                trouble.check(spec, &self.names)?;
                Ok(None)
            }
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: T, expected: T) -> Result<(), String> {
    if is == expected { Ok(()) } else { Err(format!("{what} is {is:?}, not {expected:?}")) }
}
