//! What a watch that has a consumer does on a message or an answer.

use super::event::{Effect, Event, Intake};
use super::gaps::{Clock, Doubt};
use super::leader::{check, check_place};
use super::phase::{
    Activity, Attached, GapQuestion, Inquiry, LookQuestion, Progress, SettleQuestion, Stage, Supply,
};
use crate::kv::KvError;
use crate::nats::jetstream::api::StreamInfo;
use crate::nats::jetstream::consumer::{Delivery, Seen};
use tokio::time::Instant;

/// How often to ask whether the end is the end. While others write without a pause there is always
/// more; what could still be missing then is a key that was overwritten during each of these.
const CONFIRMATIONS: u32 = 8;

/// What follows from an event: an effect, or the error that ends the watch.
type Outcome = Result<Option<Effect>, KvError>;

impl Attached {
    pub(super) fn on(
        &mut self,
        event: Event,
        progress: &mut Progress,
        intake: Intake,
        clock: Clock<'_>,
    ) -> Outcome {
        match event {
            Event::Message(message) => return self.message(message, progress, intake, clock),
            Event::Empty => return self.empty(progress, intake, clock),
            Event::Due => self.inquire(Inquiry::Look, progress, intake),
            Event::Called => self.ask_again(progress, intake),
            Event::TakenIn => self.taken_in(intake),
            Event::Consumer(seen) => return Ok(self.consumer_seen(seen, progress, intake)),
            Event::Stream { info, asked } => {
                return self.stream_seen(&info, asked, progress, intake);
            }
            Event::Next(next) => return Ok(self.next_seen(next, progress, intake)),
            _ => {}
        }
        Ok(None)
    }

    /// Begins an inquiry, after it is certain that nothing was removed unseen.
    pub(super) fn inquire(&mut self, inquiry: Inquiry, progress: &Progress, intake: Intake) {
        self.activity = match self.is_uncertain(progress, intake) {
            true => Activity::Settling { before: inquiry, question: SettleQuestion::Consumer },
            false => inquiry.first_question(),
        };
    }

    /// Begins anew what an earlier call left half-way: the answers that it had may be old.
    fn ask_again(&mut self, progress: &Progress, intake: Intake) {
        match &mut self.activity {
            Activity::CheckingGap { question, .. } => *question = GapQuestion::TakenIn,
            Activity::Settling { before, .. } => {
                let before = *before;
                self.inquire(before, progress, intake);
            }
            Activity::Confirming => self.inquire(Inquiry::Confirm, progress, intake),
            Activity::Looking(_) => self.inquire(Inquiry::Look, progress, intake),
            Activity::Reading { .. } | Activity::Overtaken => {}
        }
    }

    fn message(
        &mut self,
        message: Delivery,
        progress: &mut Progress,
        intake: Intake,
        clock: Clock<'_>,
    ) -> Outcome {
        if matches!(self.activity, Activity::Overtaken)
            && message.position.stream > progress.frontier + 1
        {
            return Err(KvError::CursorExpired);
        }
        match self.doubt(&message, progress, clock) {
            None => Ok(self.accept(message, progress, intake)),
            Some(doubt) => {
                let question = GapQuestion::TakenIn;
                self.activity = Activity::CheckingGap { held: message, doubt, question };
                Ok(None)
            }
        }
    }

    /// The reason why something may be missing between the frontier and this message, if any.
    fn doubt(&self, message: &Delivery, progress: &Progress, clock: Clock<'_>) -> Option<Doubt> {
        let Delivery { position, after_lull, .. } = *message;
        let is_gap = position.stream > progress.frontier + 1 && progress.has_begun();
        self.gaps.as_ref().filter(|_| is_gap)?.doubt(position, after_lull, clock)
    }

    /// Hands out a message, unless it was handed out before.
    fn accept(
        &mut self,
        message: Delivery,
        progress: &mut Progress,
        intake: Intake,
    ) -> Option<Effect> {
        let is_spent = progress.is_filling() && intake.pending == 0;
        self.activity = Activity::reading(if is_spent { Supply::Spent } else { Supply::Coming });
        let is_repeated = message.position.stream <= progress.frontier;
        match &mut self.gaps {
            // It does not show that nothing was removed in a lull before it.
            Some(gaps) if is_repeated && message.after_lull => gaps.fall_behind(),
            Some(gaps) if !is_repeated => gaps.passed(message.position),
            _ => {}
        }
        if is_repeated {
            return None;
        }
        progress.frontier = message.position.stream;
        progress.time = message.position.time;
        Some(Effect::HandOut(message))
    }

    fn empty(&mut self, progress: &Progress, intake: Intake, clock: Clock<'_>) -> Outcome {
        match &mut self.activity {
            Activity::Overtaken => return Err(KvError::CursorExpired),
            Activity::Reading { supply: Supply::Spent, .. } => {
                self.inquire(Inquiry::Confirm, progress, intake);
            }
            Activity::Reading { idle, .. } => *idle = Some(clock()),
            _ => {}
        }
        Ok(None)
    }

    fn taken_in(&mut self, intake: Intake) {
        if let Activity::CheckingGap { question, .. } = &mut self.activity {
            *question = GapQuestion::Stream { certain: intake.delivered };
        }
    }

    fn consumer_seen(
        &mut self,
        seen: Seen,
        progress: &mut Progress,
        intake: Intake,
    ) -> Option<Effect> {
        let is_certain = !self.is_uncertain(progress, intake);
        match &mut self.activity {
            Activity::Settling { question, .. } => {
                *question = SettleQuestion::Stream { seen };
                None
            }
            Activity::Looking(LookQuestion::Consumer { tip }) => {
                let tip = *tip;
                self.activity = match seen.is_read {
                    true => Activity::Looking(LookQuestion::Next { tip, is_certain }),
                    false => Activity::reading(Supply::Coming),
                };
                is_certain.then_some(Effect::NoteRequests(seen.waiting))
            }
            _ => None,
        }
    }

    fn stream_seen(
        &mut self,
        info: &StreamInfo,
        asked: Instant,
        progress: &mut Progress,
        intake: Intake,
    ) -> Outcome {
        match std::mem::replace(&mut self.activity, Activity::reading(Supply::Coming)) {
            Activity::CheckingGap { held, doubt, question: GapQuestion::Stream { certain } } => {
                let check = if doubt.is_unfounded(info) { check_place } else { check };
                check(info, progress.frontier, progress.incarnation)?;
                self.vouch(info, asked, progress, certain);
                Ok(self.accept(held, progress, intake))
            }
            Activity::Settling { before, question: SettleQuestion::Stream { seen } } => {
                if check(info, progress.frontier, progress.incarnation).is_err() {
                    self.activity = Activity::Overtaken;
                    return Ok(None);
                }
                self.vouch(info, asked, progress, intake.delivered);
                if let Some(gaps) = &mut self.gaps
                    && seen.is_read
                    && seen.waiting > 0
                {
                    gaps.catch_up();
                }
                self.activity = before.first_question();
                Ok(Some(Effect::NoteRequests(seen.waiting)))
            }
            Activity::Looking(LookQuestion::Stream) => {
                let tip = info.state.last_seq;
                self.activity = Activity::Looking(LookQuestion::Consumer { tip });
                Ok(None)
            }
            other => {
                self.activity = other;
                Ok(None)
            }
        }
    }

    /// Notes that nothing after the frontier was removed before messages up to `certain` had come.
    fn vouch(&mut self, info: &StreamInfo, asked: Instant, progress: &Progress, certain: u64) {
        if let Some(gaps) = &mut self.gaps {
            gaps.vouch(info, asked, progress.frontier, certain);
        }
    }

    fn next_seen(
        &mut self,
        next: Option<u64>,
        progress: &mut Progress,
        intake: Intake,
    ) -> Option<Effect> {
        match self.activity {
            Activity::Confirming => self.confirm(next, progress, intake),
            Activity::Looking(LookQuestion::Next { tip, is_certain }) => {
                let is_read = next.is_none_or(|next| next > tip);
                let is_spent = is_read && progress.is_filling();
                let supply = if is_spent { Supply::Spent } else { Supply::Coming };
                self.activity = Activity::reading(supply);
                if !is_read || !is_certain || tip <= progress.frontier {
                    return None;
                }
                progress.frontier = tip;
                Some(Effect::MarkPosition)
            }
            _ => None,
        }
    }

    /// Marks the first state as complete, once the leader has nothing after what was read. What the
    /// consumer says is pending is not enough. A copy of the store may be behind, and a key whose
    /// message was passed over because it is being overwritten is not counted for a moment (defect
    /// D2).
    fn confirm(
        &mut self,
        next: Option<u64>,
        progress: &mut Progress,
        intake: Intake,
    ) -> Option<Effect> {
        self.activity = Activity::reading(Supply::Coming);
        let Stage::Filling { confirmations } = &mut progress.stage else { return None };
        if let Some(next) = next
            && (next <= self.tip || *confirmations < CONFIRMATIONS)
        {
            *confirmations += 1;
            return None;
        }
        if !self.is_uncertain(progress, intake) {
            // Everything up to the tip has been told by now, or was of other keys.
            progress.frontier = progress.frontier.max(self.tip);
        }
        progress.stage = Stage::Live;
        Some(Effect::MarkSynced)
    }
}

impl Inquiry {
    fn first_question(self) -> Activity {
        match self {
            Self::Confirm => Activity::Confirming,
            Self::Look => Activity::Looking(LookQuestion::Stream),
        }
    }
}
