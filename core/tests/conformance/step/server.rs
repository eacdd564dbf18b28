//! Steps about the server, and about what happens while a call is waiting for it.

use super::operation::Call;
use super::same;
use crate::format::{During, Pause, Server};
use crate::world::World;
use std::time::Duration;

impl World {
    /// Makes a call of `tests/kit/place.py`.
    pub async fn server(&self, step: &Server) -> Result<(), String> {
        let place = self.place.as_ref().ok_or("this backend has no server")?;
        let call = self.names.text(&step.call)?;
        let answer = place.call(&call, &step.with).await?;
        match &step.expect {
            Some(expected) => same(&call, &answer, expected),
            None => Ok(()),
        }
    }

    /// Begins a call, runs steps while it waits, and then looks at how it ended.
    pub async fn during(&mut self, during: &During) -> Result<(), String> {
        let call = Call::resolve(self, &during.step, &self.names)?;
        let waiting = tokio::spawn(async move { call.run().await });
        let told = self.run(&during.steps).await;
        let ended = waiting.await.map_err(|error| error.to_string())?;
        told?;
        self.ended(&during.step, ended)
    }

    pub async fn pause(&self, step: &Pause) -> Result<(), String> {
        let seconds = self.names.text(&step.seconds)?.parse();
        let seconds = seconds.map_err(|_| format!("{:?} is no time", step.seconds))?;
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(())
    }
}
