//! Gives the machine what it waits for, as the plumbing of a watch does.

use super::bucket::Bucket;
use super::server::ServerConsumer;
use super::step::Refusal;
use super::world::{Opening, World};
use crate::kv::KvError;
use crate::nats::jetstream::api;
use crate::nats::jetstream::consumer::{Seen, Start};
use crate::nats::jetstream::end::End;
use crate::nats::watch::event::{Effect, Event, Intake, Opened, Plan, Want};
use crate::nats::watch::gaps::Gaps;
use crate::nats::watch::leader::{check, refused};

/// What is there for a machine that waits.
enum Found {
    Event(Event),
    /// What it waits for is being done, and is not done yet.
    HalfWay,
    /// What it waits for has not come.
    Nothing,
}

/// So many events one after the other, without a message and at the same time, are a spin.
const SPIN: u32 = 100;
const MAX_PAYLOAD: usize = 1 << 20;

impl World {
    /// Gives the machine up to so many of the things that it waits for.
    pub(super) fn read(&mut self, count: u32) -> Result<(), String> {
        for _ in 0..count {
            if !self.read_one()? {
                break;
            }
        }
        Ok(())
    }

    /// Gives the machine all that it waits for, which comes to an end.
    pub(super) fn read_all(&mut self) -> Result<(), String> {
        let (mut in_vain, mut frontier) = (0, self.frontier());
        while self.read_one()? {
            in_vain = if self.frontier() == frontier { in_vain + 1 } else { 0 };
            frontier = self.frontier();
            if in_vain > SPIN {
                return Err(format!("it spins: {:?}", self.want()));
            }
        }
        Ok(())
    }

    /// False if what the machine waits for has not come.
    fn read_one(&mut self) -> Result<bool, String> {
        let want = self.want();
        self.leads_out(want)?;
        let found = match want {
            Want::End => {
                let end = self.machine.end();
                self.verdict.ended(end)?;
                Found::Nothing
            }
            want => self.find(want),
        };
        match found {
            Found::Event(event) => self.tell(event).map(|()| true),
            Found::HalfWay => Ok(true),
            Found::Nothing => Ok(false),
        }
    }

    /// Checks that something leads out of the phase: a time, or a question that is under way (S11).
    fn leads_out(&self, want: Want) -> Result<(), String> {
        let does = match want {
            Want::Time(_) | Want::Connection | Want::Stream | Want::Next { .. } | Want::End => true,
            Want::Opening => self.opening.is_some(),
            // A reader gives up by itself when its server is silent.
            Want::MessageHere | Want::Message { .. } | Want::TakenIn | Want::Consumer => {
                self.reader.is_some()
            }
        };
        if does { Ok(()) } else { Err(format!("nothing leads out of {want:?}")) }
    }

    pub(super) fn want(&self) -> Want {
        self.machine.want(self.intake())
    }

    pub(super) fn frontier(&self) -> u64 {
        self.machine.cursor().and_then(|it| it.as_u64()).unwrap_or(0)
    }

    fn intake(&self) -> Intake {
        self.reader.as_ref().map_or(Intake::default(), |reader| reader.intake())
    }

    fn find(&mut self, want: Want) -> Found {
        let (now, at) = (self.instant(), self.at());
        match want {
            Want::Time(time) if now >= time => Found::Event(Event::Due),
            Want::Connection if self.is_closed => {
                Found::Event(Event::Failed(KvError::NotConnected))
            }
            Want::Connection if self.is_connected() => Found::Event(Event::Connected),
            Want::Time(_) | Want::Connection | Want::End => Found::Nothing,
            Want::MessageHere => Found::Event(match self.try_next() {
                Ok(message) => message.unwrap_or(Event::Empty),
                Err(end) => Event::Lost(end),
            }),
            Want::Message { until } => match self.try_next() {
                Ok(Some(message)) => Found::Event(message),
                Err(end) => Found::Event(Event::Lost(end)),
                Ok(None) if self.is_silent() => {
                    Found::Event(Event::Lost(End::Lost("the server was silent")))
                }
                Ok(None) if until.is_some_and(|until| now >= until) => Found::Event(Event::Due),
                Ok(None) => Found::Nothing,
            },
            Want::TakenIn => {
                let taken = self.reader.as_mut().map_or(Ok(()), |reader| reader.take_in(now, at));
                Found::Event(taken.map_or_else(Event::Lost, |()| Event::TakenIn))
            }
            Want::Opening | Want::Consumer | Want::Stream | Want::Next { .. } => self.ask(want),
        }
    }

    fn try_next(&mut self) -> Result<Option<Event>, End> {
        let (now, at) = (self.instant(), self.at());
        let Some(reader) = &mut self.reader else { return Ok(None) };
        Ok(reader.try_next(now, at)?.map(Event::Message))
    }

    fn is_silent(&mut self) -> bool {
        let now = self.instant();
        self.reader.as_mut().is_some_and(|reader| reader.is_silent(now))
    }

    /// Asks the server, if it is there.
    fn ask(&mut self, want: Want) -> Found {
        if self.is_closed {
            return Found::Event(Event::Failed(KvError::NotConnected));
        }
        if !self.is_connected() {
            return Found::Nothing;
        }
        if let Some(refusal) = self.takes_failure() {
            let error = refusal.error();
            self.verdict.may_end_with(error.clone());
            self.opening = None;
            return Found::Event(Event::Failed(error));
        }
        match self.answer(want) {
            Ok(Some(event)) => Found::Event(event),
            Ok(None) => Found::HalfWay,
            Err(error) => Found::Event(Event::Failed(error)),
        }
    }

    fn answer(&mut self, want: Want) -> Result<Option<Event>, KvError> {
        if want == Want::Opening {
            return self.open();
        }
        let asked = self.instant();
        let Some(bucket) = self.bucket() else { return Err(refused(not_found())) };
        Ok(Some(match want {
            Want::Consumer => match &self.consumer {
                Some(consumer) => {
                    let is_read =
                        consumer.pending(bucket) == 0 && consumer.sent == self.intake().delivered;
                    Event::Consumer(Seen { is_read, waiting: consumer.waiting() })
                }
                None => Event::Lost(End::Lost("it is not there")),
            },
            Want::Stream => Event::Stream { info: Box::new(bucket.info()), asked },
            _ => Event::Next(bucket.next_watched(self.frontier() + 1)),
        }))
    }

    fn open(&mut self) -> Result<Option<Event>, KvError> {
        let (now, at) = (self.instant(), self.at());
        let opening = self.opening.take();
        let is_same = |it: &&Bucket| match &opening {
            // Another bucket that is made between the two requests is not noticed by the watch.
            Some(Opening::Prepared { info, .. }) => it.incarnation == info.incarnation(),
            _ => true,
        };
        let Some(bucket) = self.bucket().filter(is_same) else {
            let refusal = not_found();
            return Err(match opening {
                Some(Opening::Prepared { .. }) => {
                    let error = KvError::from(refusal);
                    self.verdict.may_end_with(error.clone());
                    error
                }
                _ => refused(refusal),
            });
        };
        match opening {
            None => Ok(None),
            Some(Opening::Asked(plan)) => {
                let info = Box::new(bucket.info());
                if let Start::After(version) = plan.start {
                    check(&info, version, plan.incarnation)?;
                }
                self.opening = Some(Opening::Prepared { plan, info, asked: now });
                Ok(None)
            }
            Some(Opening::Prepared { plan, info, asked }) => {
                let Plan { start, .. } = plan;
                let frontier = match start {
                    Start::State => 0,
                    Start::After(version) => version,
                };
                let gaps = Gaps::of(&info, asked, frontier, bucket.kind.is_whole(), MAX_PAYLOAD);
                let consumer = ServerConsumer::new(bucket, start, at);
                let pending = consumer.pending(bucket);
                self.attach(consumer, pending);
                let (incarnation, tip) = (info.incarnation(), info.state.last_seq);
                Ok(Some(Event::Opened(Opened { made: now, incarnation, tip, gaps })))
            }
        }
    }

    /// Tells the machine what happened, does what follows from it, and judges that.
    pub(super) fn tell(&mut self, event: Event) -> Result<(), String> {
        if let Some(fault) = self.reader.as_mut().and_then(|reader| reader.fault.take()) {
            return Err(fault);
        }
        let (now, before) = (self.instant(), self.frontier());
        self.verdict.before(&event, self.want(), now);
        let is_next = matches!(&event, Event::Message(it) if it.position.stream == before + 1);
        let begins = matches!(event, Event::Empty | Event::Opened(_) | Event::Called);
        let effect = self.machine.on(event, self.intake(), &|| now);
        match &effect {
            Some(Effect::Open(plan)) => self.opening = Some(Opening::Asked(*plan)),
            Some(Effect::NoteRequests(waiting)) => {
                if let Some(reader) = &mut self.reader {
                    reader.reception.has(*waiting);
                }
            }
            _ => {}
        }
        let want = self.want();
        if begins && matches!(want, Want::Consumer | Want::Next { .. }) {
            self.verdict.inquired = self.now();
        }
        if is_next && want == Want::End {
            return Err(format!("it ended before {}, which was there", before + 1));
        }
        let unsent = self.consumer.as_ref().map_or(0, ServerConsumer::unsent);
        let (effect, buckets) = (effect.as_ref(), &self.buckets);
        self.verdict.effect(effect, before, unsent, &self.machine, buckets)?;
        self.verdict.after(want, now)
    }
}

fn not_found() -> api::Refusal {
    let err_code = api::Refusal::STREAM_NOT_FOUND;
    api::Refusal { code: 404, err_code, description: "stream not found".into() }
}

impl Refusal {
    pub(super) fn error(self) -> KvError {
        match self {
            Self::Cut => KvError::ConnectionFailed("cut here".into()),
            Self::Late => KvError::Timeout,
            Self::Unknown => KvError::WatchError("unknown here".into()),
            Self::Denied => KvError::PermissionDenied("denied there".into()),
            Self::Full => KvError::LimitExceeded("no room here".into()),
            Self::Refused => KvError::OperationFailed("refused here".into()),
            Self::NotUnderstood => KvError::DeserializationError("not understood here".into()),
        }
    }
}
