//! Deadlines: an operation that is not done in time ends in `Timeout` (contract rule L3).

use crate::kv::KvError;
use crate::lock::Mutex;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, MutexGuard, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

/// How long an operation may take unless something else is set.
pub(crate) const DEFAULT_LIMIT: Duration = Duration::from_secs(5);

/// The deadlines of operations that may take equally long.
///
/// One task, the sweeper, looks after all of them. It sleeps until the first of those under way is
/// due, which has mostly ended by then, so it wakes about once in the time that one may take. An
/// operation costs a slot in a table and no timer; not even that if it finishes at once.
#[derive(Debug, Clone)]
pub(crate) struct Deadlines {
    limit: Duration,
    table: Arc<Mutex<DueTable>>,
}

#[derive(Debug, Default)]
struct DueTable {
    /// A slot is empty if its operation is late, or if no operation has it.
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    sweeper: Sweeper,
}

#[derive(Debug)]
struct Slot {
    due: Instant,
    waker: Waker,
}

/// The task that looks after a table.
#[derive(Debug, Default)]
enum Sweeper {
    #[default]
    None,
    Starting,
    Running(AbortHandle),
    /// It found no timers on its runtime.
    Impossible,
}

impl Deadlines {
    /// Deadlines of operations that may take as long as `limit`.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, table: Arc::default() }
    }

    /// How long an operation may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Gives an operation its deadline: it ends in `Timeout` if it is not done by then.
    pub(crate) async fn keep<T>(
        &self,
        operation: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, KvError> {
        let mut operation = pin!(operation);
        let mut under_way: Option<UnderWay<'_>> = None;
        poll_fn(|cx| {
            if let Poll::Ready(outcome) = operation.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            match &under_way {
                None => under_way = Some(self.begin(cx.waker())),
                Some(it) if it.is_late(cx.waker()) => {
                    return Poll::Ready(Err(KvError::Timeout));
                }
                Some(_) => {}
            }
            Poll::Pending
        })
        .await
    }

    fn begin(&self, waker: &Waker) -> UnderWay<'_> {
        // A time that no clock reaches is no deadline.
        let due = Instant::now().checked_add(self.limit).unwrap_or_else(far_future);
        let slot = Some(Slot { due, waker: waker.clone() });
        let mut table = self.table.lock();
        let index = match table.free.pop() {
            Some(index) => {
                table.slots[index] = slot;
                index
            }
            None => {
                table.slots.push(slot);
                table.slots.len() - 1
            }
        };
        self.look_after(table);
        UnderWay { deadlines: self, index }
    }

    /// Starts the sweeper, unless there is one. Without a runtime that has timers there can be none,
    /// and an operation is late only when it is polled again.
    fn look_after(&self, mut table: MutexGuard<'_, DueTable>) {
        if !matches!(table.sweeper, Sweeper::None) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        table.sweeper = Sweeper::Starting;
        // A runtime that is ending drops the task at once, which looks at the table.
        drop(table);
        let task =
            runtime.spawn(Sweep { table: Arc::downgrade(&self.table), has_timers: false }.run());
        let mut table = self.table.lock();
        if let Sweeper::Starting = table.sweeper {
            table.sweeper = Sweeper::Running(task.abort_handle());
        }
    }
}

fn far_future() -> Instant {
    const YEARS_30: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    Instant::now() + YEARS_30
}

/// An operation that has a slot.
struct UnderWay<'a> {
    deadlines: &'a Deadlines,
    index: usize,
}

impl UnderWay<'_> {
    fn is_late(&self, waker: &Waker) -> bool {
        let mut table = self.deadlines.table.lock();
        let is_swept = matches!(table.sweeper, Sweeper::Starting | Sweeper::Running(_));
        let Some(slot) = &mut table.slots[self.index] else { return true };
        if !is_swept && slot.due <= Instant::now() {
            return true;
        }
        let before = (!slot.waker.will_wake(waker))
            .then(|| std::mem::replace(&mut slot.waker, waker.clone()));
        self.deadlines.look_after(table);
        drop(before);
        false
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut table = self.deadlines.table.lock();
        let slot = table.slots[self.index].take();
        table.free.push(self.index);
        // A waker may be the last to hold what is woken.
        drop(table);
        drop(slot);
    }
}

impl Drop for DueTable {
    fn drop(&mut self) {
        if let Sweeper::Running(task) = &self.sweeper {
            task.abort();
        }
    }
}

/// What the sweeper holds.
struct Sweep {
    table: Weak<Mutex<DueTable>>,
    /// True once the runtime has shown that it has timers.
    has_timers: bool,
}

impl Sweep {
    async fn run(mut self) {
        while let Some(due) = self.wake_the_late() {
            // Panics where there are no timers.
            let sleep = sleep_until(due);
            self.has_timers = true;
            sleep.await;
        }
        self.table = Weak::new();
    }

    /// Wakes the operations that are late, and says when the next one is due, if there is any.
    fn wake_the_late(&self) -> Option<Instant> {
        let table = self.table.upgrade()?;
        let now = Instant::now();
        let (mut late, mut first): (Vec<Waker>, Option<Instant>) = (Vec::new(), None);
        let mut table = table.lock();
        for slot in &mut table.slots {
            if let Some(slot) = slot.take_if(|slot| slot.due <= now) {
                late.push(slot.waker);
            } else if let Some(slot) = slot {
                first = Some(first.map_or(slot.due, |first| first.min(slot.due)));
            }
        }
        if first.is_none() {
            table.sweeper = Sweeper::None;
        }
        drop(table);
        late.into_iter().for_each(Waker::wake);
        first
    }
}

impl Drop for Sweep {
    /// The runtime has ended before its time, or has no timers. Operations that are under way on
    /// another runtime are woken to start a sweeper there.
    fn drop(&mut self) {
        let Some(table) = self.table.upgrade() else { return };
        let mut table = table.lock();
        let no_timers = !self.has_timers && std::thread::panicking();
        table.sweeper = if no_timers { Sweeper::Impossible } else { Sweeper::None };
        let under_way: Vec<Waker> =
            table.slots.iter().flatten().map(|slot| slot.waker.clone()).collect();
        drop(table);
        under_way.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::runtime::{Builder, Runtime};
    use tokio::time::sleep;

    const LIMIT: Duration = Duration::from_millis(200);

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    async fn sleeps(time: Duration) -> Result<Duration, KvError> {
        sleep(time).await;
        Ok(time)
    }

    #[test]
    fn l3_each_of_many_operations_ends_when_it_is_due() {
        let deadlines = Deadlines::new(LIMIT);
        runtime().block_on(async {
            let started = Instant::now();
            let mut late = Vec::new();
            for _ in 0..10 {
                let kept = deadlines.clone();
                let began = Instant::now();
                late.push(tokio::spawn(async move {
                    let outcome: Result<(), _> = kept.keep(pending()).await;
                    (outcome, began.elapsed())
                }));
                assert_eq!(deadlines.keep(sleeps(LIMIT / 20)).await, Ok(LIMIT / 20));
            }
            for late in late {
                let (outcome, took) = late.await.unwrap();
                assert_eq!(outcome, Err(KvError::Timeout));
                assert!(took >= LIMIT, "ended after {took:?}");
            }
            assert!(started.elapsed() < LIMIT * 10, "took {:?}", started.elapsed());
        });
        let table = deadlines.table.lock();
        assert_eq!(table.slots.len(), table.free.len());
        assert!(matches!(table.sweeper, Sweeper::None));
    }

    #[test]
    fn l3_a_deadline_outlives_the_runtime_that_kept_it() {
        let deadlines = Deadlines::new(LIMIT);
        let first = runtime();
        let waiting = deadlines.clone();
        let task = first.spawn(async move { waiting.keep(pending::<Result<(), _>>()).await });
        first.block_on(tokio::task::yield_now());
        let second = runtime();
        let waiting = deadlines.clone();
        let outcome = second.spawn(async move { waiting.keep(pending::<Result<(), _>>()).await });
        second.block_on(tokio::task::yield_now());
        drop(first);
        drop(task);
        let ended = second.block_on(async { tokio::time::timeout(LIMIT * 20, outcome).await });
        assert_eq!(ended.unwrap().unwrap(), Err(KvError::Timeout));
    }

    #[test]
    fn what_is_done_at_once_has_no_slot() {
        let deadlines = Deadlines::new(LIMIT);
        runtime().block_on(async { deadlines.keep(async { Ok(()) }).await.unwrap() });
        assert!(deadlines.table.lock().slots.is_empty());
    }

    #[test]
    fn the_task_ends_with_the_table() {
        let deadlines = Deadlines::new(Duration::MAX);
        runtime().block_on(async {
            let begun = deadlines.keep(pending::<Result<(), _>>());
            assert!(tokio::time::timeout(LIMIT / 20, begun).await.is_err());
            let tasks = Handle::current().metrics();
            assert_eq!(tasks.num_alive_tasks(), 1);
            drop(deadlines);
            while tasks.num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        });
    }

    #[test]
    fn l3_without_timers_an_operation_is_late_when_it_is_polled_again() {
        let mut polled = pin!(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<Result<(), KvError>>::Pending
        }));
        // No runtime, and one that has no timers.
        let deadlines = Deadlines::new(LIMIT);
        let waiting = deadlines.keep(polled.as_mut());
        assert_eq!(futures_util::FutureExt::now_or_never(waiting), None);
        let outcome = Builder::new_current_thread().build().unwrap().block_on(async {
            let started = Instant::now();
            let outcome = deadlines.keep(polled).await;
            assert!(started.elapsed() >= LIMIT);
            outcome
        });
        assert_eq!(outcome, Err(KvError::Timeout));
        assert!(matches!(deadlines.table.lock().sweeper, Sweeper::Impossible));
    }
}
