//! The bytes that are to be written to a lane.

use crate::cork::{Flush, defer};
use crate::lock::Mutex;
use crate::nats::connect::dial::Socket;
use crate::nats::transport::unanswered::Unanswered;
use std::io::{self, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::io::AsyncWrite;

/// Takes bytes to be written from any thread. The task of the lane writes them, or, where a cork
/// holds calls back, the thread of the cork's owner: no other thread is woken for them. The bytes
/// stand here in one order either way, so bytes that one cork holds back leave with whatever is
/// written first.
#[derive(Default)]
pub(in crate::nats) struct Outgoing(Mutex<Out>);

#[derive(Default)]
struct Out {
    open: bool,
    bytes: Vec<u8>,
    /// How many of them are written.
    written: usize,
    /// The socket once more, which does not block; none if the bytes are changed on their way to
    /// it, as by TLS.
    direct: Option<TcpStream>,
    /// The task that writes, when it waits for something to write.
    writer: Option<Waker>,
    /// Those that will have something to be written; each is flushed before the task writes.
    soon: Vec<Arc<dyn Flush>>,
}

/// The buffer that is kept when there is nothing to write.
const KEPT: usize = 1 << 20;

impl Outgoing {
    pub(in crate::nats) fn open(&self, direct: Option<TcpStream>) {
        *self.0.lock() = Out { open: true, direct, ..Out::default() };
    }

    pub(in crate::nats) fn is_open(&self) -> bool {
        self.0.lock().open
    }

    /// Forgets the bytes that were not written: nobody waits for their answers any more.
    pub(in crate::nats) fn close(&self) {
        let out = std::mem::take(&mut *self.0.lock());
        out.soon.iter().for_each(|it| it.flush());
    }

    /// Has `it` flushed once everything that is ready now has run: by the cork that holds this call
    /// back, or else before the task writes next.
    pub(in crate::nats) fn flush_soon(&self, it: &Arc<impl Flush + 'static>) {
        if defer(it) {
            return;
        }
        let mut out = self.0.lock();
        if out.open {
            let it: Arc<dyn Flush> = it.clone();
            if !out.soon.iter().any(|known| Arc::ptr_eq(known, &it)) {
                out.soon.push(it);
            }
            out.wake_writer();
        } else {
            drop(out);
            it.flush();
        }
    }

    /// Adds to the bytes, if the lane is open.
    pub(in crate::nats) fn push(
        self: &Arc<Self>,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Unanswered> {
        let mut out = self.0.lock();
        if !out.open {
            return Err(Unanswered::Cut);
        }
        write(&mut out.bytes);
        // Each call says so: the bytes before these may be held back by another cork.
        if !(out.direct.is_some() && defer(self)) {
            out.wake_writer();
        }
        Ok(())
    }

    /// Writes as much as the socket takes. The task is woken when there is more to write.
    pub(in crate::nats) fn poll_write(
        &self,
        socket: &mut Box<dyn Socket>,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        let soon = std::mem::take(&mut self.0.lock().soon);
        soon.iter().for_each(|it| it.flush());
        let mut out = self.0.lock();
        while !out.is_written() {
            match Pin::new(&mut *socket).poll_write(cx, out.rest())? {
                Poll::Pending => return Ok(()),
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(count) => out.advance(count),
            }
        }
        out.writer = Some(cx.waker().clone());
        if !out.soon.is_empty() {
            out.wake_writer();
        }
        drop(out);
        // If it has to wait, it is the socket that wakes the task.
        let _ = Pin::new(socket).poll_flush(cx)?;
        Ok(())
    }
}

impl Flush for Outgoing {
    fn flush(&self) {
        let mut out = self.0.lock();
        while !out.is_written() {
            let Some(mut direct) = out.direct.as_ref() else { break };
            match direct.write(out.rest()) {
                Ok(count) if count > 0 => out.advance(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The task waits for room, or meets the error.
                _ => break,
            }
        }
        if !out.is_written() {
            out.wake_writer();
        }
    }
}

impl Out {
    fn is_written(&self) -> bool {
        self.bytes.is_empty()
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    fn advance(&mut self, count: usize) {
        self.written += count;
        if self.written == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.written = 0;
        }
    }

    /// A task that does not wait here is running, or waits for the socket to have room.
    fn wake_writer(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cork::Cork;
    use std::io::Read;
    use std::net::TcpListener;
    use std::time::Duration;

    fn connected() -> (Arc<Outgoing>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let direct = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        direct.set_nonblocking(true).unwrap();
        let (server, _) = listener.accept().unwrap();
        server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let outgoing = Arc::new(Outgoing::default());
        outgoing.open(Some(direct));
        (outgoing, server)
    }

    #[test]
    fn a_burst_is_written_by_its_own_thread_in_the_order_of_its_calls() {
        let (outgoing, mut server) = connected();
        Cork::burst(|| {
            for byte in 0..100 {
                outgoing.push(|out| out.push(byte)).unwrap();
            }
        });
        let mut read = [0; 100];
        server.read_exact(&mut read).unwrap();
        assert_eq!(read, std::array::from_fn(|place| place as u8));
        assert!(outgoing.0.lock().is_written());
    }

    #[test]
    fn what_one_cork_holds_back_keeps_no_other_call_waiting() {
        let (outgoing, mut server) = connected();
        let mut held = Cork::new();
        held.hold(|| outgoing.push(|out| out.push(1)).unwrap());
        Cork::burst(|| outgoing.push(|out| out.push(2)).unwrap());
        let mut read = [0; 2];
        server.read_exact(&mut read).unwrap();
        assert_eq!(read, [1, 2]);
        assert!(held.is_held() && outgoing.0.lock().is_written());
    }

    #[test]
    fn what_the_socket_does_not_take_is_kept_in_order() {
        let (outgoing, mut server) = connected();
        let large: Vec<u8> = (0..16 << 20).map(|place: u32| (place % 251) as u8).collect();
        Cork::burst(|| outgoing.push(|out| out.extend_from_slice(&large)).unwrap());
        assert!(!outgoing.0.lock().is_written());
        let reader = std::thread::spawn(move || {
            let mut read = vec![0; 16 << 20];
            server.read_exact(&mut read).unwrap();
            read
        });
        while !outgoing.0.lock().is_written() {
            outgoing.flush();
        }
        assert!(reader.join().unwrap() == large);
    }

    #[test]
    fn nothing_is_taken_before_it_is_open_or_after_it_is_closed() {
        let (outgoing, _server) = connected();
        outgoing.close();
        assert_eq!(outgoing.push(|out| out.push(1)), Err(Unanswered::Cut));
        assert_eq!(Arc::new(Outgoing::default()).push(|_| {}), Err(Unanswered::Cut));
    }
}
