//! Asks the JetStream API, and waits while servers are starting or electing a leader.

use super::api::{Refusal, Reply};
use super::message::not_understood;
use crate::kv::KvError;
use crate::nats::transport::response::Response;
use crate::nats::transport::router::{ASK_AGAIN, Router};
use async_nats::Subject;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The JetStream API of the servers that one connection leads to.
pub(in crate::nats) struct JetStream {
    router: Arc<Router>,
}

/// What to do about a request whose answer was lost.
#[derive(Clone, Copy)]
enum WhenLost {
    AskAgain,
    Fail,
}

/// How long an operation has been asked for, and how long it may be.
#[derive(Clone, Copy)]
struct Time {
    waited: Duration,
    limit: Duration,
}

/// How long a server that has just come up may take to start its JetStream.
const START_UP: Duration = Duration::from_secs(2);

impl JetStream {
    pub(in crate::nats) fn new(router: Arc<Router>) -> Self {
        Self { router }
    }

    /// Asks for an operation. It is asked again if its answer is lost. A refusal is an answer here:
    /// the caller knows which refusals to expect.
    pub(in crate::nats) async fn ask<T: DeserializeOwned>(
        &self,
        operation: &str,
        request: &impl Serialize,
    ) -> Result<Result<T, Refusal>, KvError> {
        self.call(operation, request, WhenLost::AskAgain).await
    }

    /// As [`ask`](Self::ask), for an operation that changes a key: it is not asked again if its
    /// answer is lost.
    pub(in crate::nats) async fn ask_once<T: DeserializeOwned>(
        &self,
        operation: &str,
        request: &impl Serialize,
    ) -> Result<Result<T, Refusal>, KvError> {
        self.call(operation, request, WhenLost::Fail).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        operation: &str,
        request: &impl Serialize,
        when_lost: WhenLost,
    ) -> Result<Result<T, Refusal>, KvError> {
        let payload = serde_json::to_vec(request).map_err(|error| {
            KvError::SerializationError(format!("a request to {operation}: {error}"))
        })?;
        let subject = Subject::from(format!("$JS.API.{operation}"));
        let start = Instant::now();
        loop {
            let asked = match when_lost {
                WhenLost::AskAgain => {
                    self.router.ask_until_answered(subject.clone(), &payload).await
                }
                WhenLost::Fail => self.router.ask_once(subject.clone(), None, &payload).await,
            };
            let response = asked?;
            let time = Time { waited: start.elapsed(), limit: self.router.timeout() };
            if response.is_no_responders() {
                time.check_start_up(self.router.server_has_jetstream())?;
            } else if let Some(answer) = read(operation, &response, time)? {
                return Ok(answer);
            }
            sleep(ASK_AGAIN).await;
        }
    }
}

impl Time {
    fn is_over(self) -> bool {
        self.waited >= self.limit
    }

    /// Fails once servers that do not answer have had the time to start JetStream. `is_enabled` is
    /// true if one says that it has JetStream.
    fn check_start_up(self, is_enabled: bool) -> Result<(), KvError> {
        if !is_enabled && self.waited >= START_UP {
            let error = "no server answers for JetStream: is it enabled there?";
            return Err(KvError::OperationFailed(error.into()));
        }
        if self.is_over() {
            let error = "no server answers for JetStream";
            return Err(KvError::ConnectionFailed(error.into()));
        }
        Ok(())
    }
}

/// Reads an answer; none if the operation is to be asked for again.
fn read<T: DeserializeOwned>(
    operation: &str,
    response: &Response,
    time: Time,
) -> Result<Option<Result<T, Refusal>>, KvError> {
    let reply = serde_json::from_slice(response.payload())
        .map_err(|error| not_understood(&format!("an answer to {operation}: {error}")))?;
    Ok(match reply {
        Reply::Answer(answer) => Some(Ok(answer)),
        Reply::Refused { error } if error.is_passing() && !time.is_over() => None,
        Reply::Refused { error } => Some(Err(error)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_nats::Message;
    use serde_json::Value;

    const LIMIT: Duration = Duration::from_secs(5);
    const EARLY: Time = Time { waited: Duration::from_millis(1), limit: LIMIT };
    const OVER: Time = Time { waited: LIMIT, limit: LIMIT };

    fn response(payload: &str) -> Response {
        let message = Message {
            subject: "a".into(),
            reply: None,
            payload: payload.to_owned().into(),
            headers: None,
            status: None,
            description: None,
            length: 0,
        };
        message.into()
    }

    fn refused(time: Time, err_code: u32) -> Option<Refusal> {
        let text = format!(r#"{{"error":{{"code":503,"err_code":{err_code}}}}}"#);
        let read = read::<Value>("A", &response(&text), time).unwrap();
        read.map(Result::unwrap_err)
    }

    #[test]
    fn l3_a_refusal_that_passes_is_asked_again_until_the_time_is_over() {
        const ELECTING: u32 = 10008;
        assert!(refused(EARLY, ELECTING).is_none());
        assert!(refused(OVER, ELECTING).unwrap().is_passing());
        let missing = refused(EARLY, Refusal::STREAM_NOT_FOUND).unwrap();
        assert_eq!(missing.err_code, Refusal::STREAM_NOT_FOUND);
    }

    #[test]
    fn l3_servers_that_start_have_time_and_those_without_jetstream_are_named() {
        let started = Time { waited: START_UP, limit: LIMIT };
        for is_enabled in [false, true] {
            assert_eq!(EARLY.check_start_up(is_enabled), Ok(()));
        }
        assert_eq!(started.check_start_up(true), Ok(()));
        let disabled = started.check_start_up(false).unwrap_err();
        assert!(matches!(disabled, KvError::OperationFailed(_)), "{disabled:?}");
        let silent = OVER.check_start_up(true).unwrap_err();
        assert!(matches!(silent, KvError::ConnectionFailed(_)), "{silent:?}");
    }

    #[test]
    fn x1_what_is_no_answer_is_an_error_that_names_the_operation() {
        let read = |text| read::<Value>("A", &response(text), EARLY);
        assert_eq!(read(r#"{"a":1}"#).unwrap().unwrap().unwrap()["a"], 1);
        let error = read("{").unwrap_err();
        assert!(error.to_string().contains("an answer to A"), "{error}");
    }
}
