//! A websocket as the bytes that it carries.

use bytes::{Buf, BytesMut};
use futures_util::{Sink, Stream};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_websockets::{Error, Message, WebSocketStream};

/// The bytes that a websocket carries. What is written is sent when it is flushed.
pub(in crate::nats) struct WebSocket<S> {
    messages: WebSocketStream<S>,
    /// What came and was not read.
    read: BytesMut,
}

/// What is written in one message at most.
const LARGEST: usize = 64 << 10;

impl<S> WebSocket<S> {
    pub(in crate::nats) fn over(messages: WebSocketStream<S>) -> Self {
        Self { messages, read: BytesMut::new() }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { messages, read } = self.get_mut();
        while read.is_empty() {
            match ready!(Pin::new(&mut *messages).poll_next(cx)) {
                Some(Ok(message)) => read.extend_from_slice(message.as_payload()),
                Some(Err(error)) => return Poll::Ready(Err(failed(error))),
                // The end, as of every other stream.
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = read.len().min(into.remaining());
        into.put_slice(&read[..count]);
        read.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut messages = Pin::new(&mut self.get_mut().messages);
        ready!(messages.as_mut().poll_ready(cx)).map_err(failed)?;
        let count = bytes.len().min(LARGEST);
        messages.start_send(Message::binary(bytes[..count].to_vec())).map_err(failed)?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().messages).poll_flush(cx).map_err(failed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().messages).poll_close(cx).map_err(failed)
    }
}

fn failed(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        error => io::Error::other(error),
    }
}
