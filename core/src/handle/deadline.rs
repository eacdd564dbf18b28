use crate::kv::KvError;
use crate::lock::Mutex;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, MutexGuard, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

/// The deadlines of operations that may take equally long (contract rule L3).
///
/// One task looks after all of them. It sleeps until the first of those under way is due, which
/// has mostly ended by then, so it wakes about once in the time that one may take. An operation
/// costs a place in a table and no timer; not even that if it finishes at once.
#[derive(Debug, Clone)]
pub(super) struct Deadlines {
    limit: Duration,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    /// Empty places are those of operations that are late, or free.
    places: Vec<Option<Place>>,
    free: Vec<usize>,
    keeper: Keeper,
}

#[derive(Debug)]
struct Place {
    due: Instant,
    waker: Waker,
}

/// The task that looks after a table.
#[derive(Debug, Default)]
enum Keeper {
    #[default]
    None,
    Starting,
    Running(AbortHandle),
}

impl Deadlines {
    /// Deadlines of operations that may take as long as `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, table: Arc::default() }
    }

    /// Gives an operation its deadline: it ends in `Timeout` if it is not done by then.
    pub(super) async fn keep<T>(
        &self,
        operation: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, KvError> {
        let mut operation = pin!(operation);
        let mut waiting: Option<Waiting<'_>> = None;
        poll_fn(|cx| {
            if let Poll::Ready(outcome) = operation.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            match &waiting {
                None => waiting = Some(self.wait(cx.waker())),
                Some(waiting) if waiting.is_late(cx.waker()) => {
                    return Poll::Ready(Err(KvError::Timeout));
                }
                Some(_) => {}
            }
            Poll::Pending
        })
        .await
    }

    fn wait(&self, waker: &Waker) -> Waiting<'_> {
        // A time that no clock reaches is no deadline.
        let due = Instant::now().checked_add(self.limit).unwrap_or_else(far_future);
        let place = Some(Place { due, waker: waker.clone() });
        let mut table = self.table.lock();
        let index = match table.free.pop() {
            Some(index) => {
                table.places[index] = place;
                index
            }
            None => {
                table.places.push(place);
                table.places.len() - 1
            }
        };
        self.look_after(table);
        Waiting { deadlines: self, index }
    }

    /// Starts the task, unless there is one.
    fn look_after(&self, mut table: MutexGuard<'_, Table>) {
        if !matches!(table.keeper, Keeper::None) {
            return;
        }
        table.keeper = Keeper::Starting;
        // A runtime that is ending drops the task at once, which looks at the table.
        drop(table);
        let task = tokio::spawn(Keeping { table: Arc::downgrade(&self.table) }.run());
        let mut table = self.table.lock();
        if let Keeper::Starting = table.keeper {
            table.keeper = Keeper::Running(task.abort_handle());
        }
    }
}

fn far_future() -> Instant {
    const YEARS_30: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    Instant::now() + YEARS_30
}

/// An operation that is under way.
struct Waiting<'a> {
    deadlines: &'a Deadlines,
    index: usize,
}

impl Waiting<'_> {
    fn is_late(&self, waker: &Waker) -> bool {
        let mut table = self.deadlines.table.lock();
        let Some(place) = &mut table.places[self.index] else { return true };
        let before = (!place.waker.will_wake(waker))
            .then(|| std::mem::replace(&mut place.waker, waker.clone()));
        self.deadlines.look_after(table);
        drop(before);
        false
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut table = self.deadlines.table.lock();
        let place = table.places[self.index].take();
        table.free.push(self.index);
        // A waker may be the last to hold what is woken.
        drop(table);
        drop(place);
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        if let Keeper::Running(task) = &self.keeper {
            task.abort();
        }
    }
}

/// What the task holds.
struct Keeping {
    table: Weak<Mutex<Table>>,
}

impl Keeping {
    async fn run(mut self) {
        while let Some(due) = self.sweep() {
            sleep_until(due).await;
        }
        self.table = Weak::new();
    }

    /// Wakes whoever is late; when the next one is due, if there is any.
    fn sweep(&self) -> Option<Instant> {
        let table = self.table.upgrade()?;
        let now = Instant::now();
        let (mut late, mut first): (Vec<Waker>, Option<Instant>) = (Vec::new(), None);
        let mut table = table.lock();
        for place in &mut table.places {
            if let Some(place) = place.take_if(|place| place.due <= now) {
                late.push(place.waker);
            } else if let Some(place) = place {
                first = Some(first.map_or(place.due, |first| first.min(place.due)));
            }
        }
        if first.is_none() {
            table.keeper = Keeper::None;
        }
        drop(table);
        late.into_iter().for_each(Waker::wake);
        first
    }
}

impl Drop for Keeping {
    /// The runtime has ended before its time. Who still waits, on another one, is woken to start
    /// the task there.
    fn drop(&mut self) {
        let Some(table) = self.table.upgrade() else { return };
        let mut table = table.lock();
        table.keeper = Keeper::None;
        let waiting: Vec<Waker> =
            table.places.iter().flatten().map(|place| place.waker.clone()).collect();
        drop(table);
        waiting.into_iter().for_each(Waker::wake);
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
        assert_eq!(table.places.len(), table.free.len());
        assert!(matches!(table.keeper, Keeper::None));
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
    fn what_is_done_at_once_has_no_place() {
        let deadlines = Deadlines::new(LIMIT);
        runtime().block_on(async { deadlines.keep(async { Ok(()) }).await.unwrap() });
        assert!(deadlines.table.lock().places.is_empty());
    }

    #[test]
    fn the_task_ends_with_the_table() {
        let deadlines = Deadlines::new(Duration::MAX);
        runtime().block_on(async {
            let begun = deadlines.keep(pending::<Result<(), _>>());
            assert!(tokio::time::timeout(LIMIT / 20, begun).await.is_err());
            let tasks = tokio::runtime::Handle::current().metrics();
            assert_eq!(tasks.num_alive_tasks(), 1);
            drop(deadlines);
            while tasks.num_alive_tasks() > 0 {
                tokio::task::yield_now().await;
            }
        });
    }
}
