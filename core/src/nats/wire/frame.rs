//! Tells apart what a server sends.

use super::LINE_END;
use super::message::{Message, Span};
use bytes::{Buf, Bytes, BytesMut};
use std::ops::Range;

/// What a server says.
#[derive(Debug)]
pub(in crate::nats) enum Frame {
    Message(Message),
    /// About itself, in JSON.
    Info(Bytes),
    Ping,
    Pong,
    Ok,
    /// What it refuses, and why.
    Error(String),
}

/// What came is no NATS, or more at once than a server sends.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::nats) struct NotUnderstood;

/// A subject is at most 64 KiB long, and what a server tells of itself grows with its cluster.
const LONGEST_LINE: usize = 1 << 20;
/// A server can be told to take messages of 64 MiB.
const LARGEST_MESSAGE: usize = 1 << 30;
/// How much of a message there is room for before it comes; a server takes this much unless told
/// otherwise.
const RESERVED: usize = 2 << 20;
/// A frame up to this size is copied, so that a message that is kept for long does not keep the
/// buffer that it was read into.
const COPIED: usize = 16 << 10;

/// Takes the first frame off the buffer, once all of it has come.
pub(in crate::nats) fn next_frame(buffer: &mut BytesMut) -> Result<Option<Frame>, NotUnderstood> {
    let Some(end) = memchr::memchr(b'\n', buffer) else {
        return if buffer.len() > LONGEST_LINE { Err(NotUnderstood) } else { Ok(None) };
    };
    let after = end + 1;
    let line = buffer[..end].strip_suffix(b"\r").ok_or(NotUnderstood)?;
    if line.len() > LONGEST_LINE {
        return Err(NotUnderstood);
    }
    let (length, verb) = (line.len(), line.split(|byte| *byte == b' ').next().unwrap_or_default());
    let frame = match verb {
        b"MSG" => return next_message(buffer, length, false),
        b"HMSG" => return next_message(buffer, length, true),
        b"PING" => Frame::Ping,
        b"PONG" => Frame::Pong,
        b"+OK" => Frame::Ok,
        b"-ERR" => {
            let text = String::from_utf8_lossy(&line[verb.len()..]);
            Frame::Error(text.trim().trim_matches('\'').to_owned())
        }
        b"INFO" => {
            let rest = verb.len()..length;
            return Ok(Some(Frame::Info(buffer.split_to(after).freeze().slice(rest))));
        }
        _ => return Err(NotUnderstood),
    };
    buffer.advance(after);
    Ok(Some(frame))
}

/// `MSG <subject> <sid> [reply] <bytes>`; in `HMSG` the number of bytes of the headers comes before
/// that of all.
fn next_message(
    buffer: &mut BytesMut,
    line: usize,
    with_headers: bool,
) -> Result<Option<Frame>, NotUnderstood> {
    let mut words = Words { line: &buffer[..line], at: 0 };
    words.next();
    let subject = words.next().ok_or(NotUnderstood)?;
    let subscription = words.next().ok_or(NotUnderstood)?;
    let (third, fourth, fifth) = (words.next(), words.next(), words.next());
    let (reply, headers, total) = match (with_headers, third, fourth, fifth) {
        (true, Some(reply), headers @ Some(_), total @ Some(_)) => (reply, headers, total),
        (true, headers @ Some(_), total @ Some(_), None) => (0..0, headers, total),
        (false, Some(reply), total @ Some(_), None) => (reply, None, total),
        (false, total @ Some(_), None, None) => (0..0, None, total),
        _ => return Err(NotUnderstood),
    };
    let number = |word: Option<Range<usize>>| word.map_or(Some(0), |word| number(&buffer[word]));
    let headers = number(headers).ok_or(NotUnderstood)?;
    let total = number(total).filter(|total| headers <= *total).ok_or(NotUnderstood)?;
    if words.next().is_some() || total > LARGEST_MESSAGE {
        return Err(NotUnderstood);
    }
    let start = line + LINE_END.len();
    let end = start + total;
    let Some(after) = buffer.get(end..end + LINE_END.len()) else {
        // So that it comes in few reads. A message that only claims to be long takes no memory: the
        // buffer grows with what has come.
        let missing = end + LINE_END.len() - buffer.len();
        buffer.reserve(missing.min(RESERVED.max(buffer.len())));
        return Ok(None);
    };
    if after != LINE_END {
        return Err(NotUnderstood);
    }
    let end_of_frame = end + LINE_END.len();
    let frame = if end_of_frame <= COPIED {
        let copy = Bytes::copy_from_slice(&buffer[..end_of_frame]);
        buffer.advance(end_of_frame);
        copy
    } else {
        buffer.split_to(end_of_frame).freeze()
    };
    Ok(Some(Frame::Message(Message {
        frame,
        subject: Span::of(subject),
        subscription: Span::of(subscription),
        reply: Span::of(reply),
        headers: Span::of(start..start + headers),
        payload: Span::of(start + headers..end),
    })))
}

/// Where the words of a line stand.
struct Words<'a> {
    line: &'a [u8],
    at: usize,
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = &self.line[self.at..];
        let start = self.at + rest.iter().position(|byte| *byte != b' ')?;
        let rest = &self.line[start..];
        self.at = start + memchr::memchr(b' ', rest).unwrap_or(rest.len());
        Some(start..self.at)
    }
}

/// A number of bytes, which has at most ten digits.
fn number(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || digits.len() > 10 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + usize::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(text: &[u8]) -> Result<Vec<Frame>, NotUnderstood> {
        let mut buffer = BytesMut::from(text);
        let mut frames = Vec::new();
        while let Some(frame) = next_frame(&mut buffer)? {
            frames.push(frame);
        }
        Ok(frames)
    }

    fn message(text: &[u8]) -> Message {
        match frames(text).unwrap().pop() {
            Some(Frame::Message(message)) => message,
            other => panic!("no message: {other:?}"),
        }
    }

    #[test]
    fn every_form_of_a_message_is_read() {
        let plain = message(b"MSG _INBOX.a.1 7 3\r\nabc\r\n");
        assert_eq!((plain.subject(), plain.payload()), (&b"_INBOX.a.1"[..], &b"abc"[..]));
        assert_eq!((plain.headers(), plain.reply()), (&b""[..], &b""[..]));
        assert_eq!(plain.subscription(), b"7");
        assert_eq!(plain.status(), None);
        let replied = message(b"MSG s 7  $JS.ACK.x  0\r\n\r\n");
        assert_eq!((replied.reply(), replied.payload()), (&b"$JS.ACK.x"[..], &b""[..]));
        let headed = message(b"HMSG s 7 22 24\r\nNATS/1.0\r\nA: value\r\n\r\nab\r\n");
        assert_eq!((headed.headers().len(), &headed.value()[..]), (22, &b"ab"[..]));
        assert_eq!(headed.status(), None);
    }

    #[test]
    fn a_status_is_read_with_its_description() {
        let status = |line: &str| {
            let headers = format!("NATS/1.0{line}\r\n\r\n");
            let text = format!("HMSG s 1 {0} {0}\r\n{headers}\r\n", headers.len());
            message(text.as_bytes()).status().map(|(status, text)| (status, text.to_owned()))
        };
        assert_eq!(status(" 404 Message Not Found"), Some((404, "Message Not Found".into())));
        assert_eq!(status(" 503"), Some((503, String::new())));
        assert_eq!(status(""), None);
        assert_eq!(status(" x"), None);
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        let text = b"INFO {\"a\":1}\r\nPING\r\nPONG\r\n+OK\r\n-ERR 'Stale Connection'\r\n";
        let frames = frames(text).unwrap();
        let [Frame::Info(info), Frame::Ping, Frame::Pong, Frame::Ok, Frame::Error(error)] =
            &frames[..]
        else {
            panic!("{frames:?}")
        };
        assert_eq!((info.trim_ascii(), error.as_str()), (&b"{\"a\":1}"[..], "Stale Connection"));
    }

    #[test]
    fn x6_a_message_that_claims_to_be_long_takes_no_memory() {
        for line in ["MSG s 1 1000000000\r\n", "HMSG s 1 1000 1000000000\r\n"] {
            let mut buffer = BytesMut::from(line);
            assert!(next_frame(&mut buffer).unwrap().is_none());
            assert!(buffer.capacity() <= 2 * RESERVED, "{} bytes", buffer.capacity());
            // It grows with what has come.
            buffer.resize(4 * RESERVED, b'x');
            assert!(next_frame(&mut buffer).unwrap().is_none());
            assert!((5 * RESERVED..=16 * RESERVED).contains(&buffer.capacity()));
        }
    }

    #[test]
    fn what_is_no_nats_is_refused() {
        for text in [
            "HTTP/1.1 400 Bad Request\r\n",
            "PING\n",
            "MSG s 1\r\n",
            "MSG s 1 x\r\n",
            "MSG s 1 r 1 1\r\n",
            "HMSG s 1 2\r\n",
            "HMSG s 1 3 2\r\nab\r\n",
            "MSG s 1 99999999999999999999\r\n",
            "MSG s 1 18446744073709551615\r\n",
            "HMSG s 1 12 18446744073709551615\r\n",
            "MSG s 1 4000000000\r\n",
            "MSG s 1 2\r\nabcd\r\n",
        ] {
            assert!(frames(text.as_bytes()).is_err(), "{text:?}");
        }
        let endless = vec![b'x'; LONGEST_LINE + 1];
        assert!(frames(&endless).is_err());
    }

    #[test]
    fn x1_an_error_without_words_is_one() {
        let read = frames(b"-ERR\r\n").unwrap();
        assert!(matches!(&read[..], [Frame::Error(text)] if text.is_empty()), "{read:?}");
    }

    #[test]
    fn x1_no_memory_is_taken_on_the_word_of_a_length() {
        let mut buffer = BytesMut::from(&b"MSG s 1 1073741824\r\n"[..]);
        assert!(next_frame(&mut buffer).unwrap().is_none());
        assert!(buffer.capacity() <= 2 * RESERVED);
    }

    proptest! {
        #[test]
        fn x1_a_frame_that_was_changed_is_one_or_not(
            place in 0usize..200,
            byte: u8,
            headers in "[ -~\r\n]{0,40}",
            payload: Vec<u8>,
        ) {
            let headers = format!("NATS/1.0\r\n{headers}\r\n\r\n");
            let total = headers.len() + payload.len();
            let head = format!("HMSG a.b 7 $JS.ACK.x {} {total}\r\n", headers.len());
            let mut text = [head.as_bytes(), headers.as_bytes(), &payload, b"\r\n"].concat();
            let length = text.len();
            text[place % length] = byte;
            for frame in frames(&text).into_iter().flatten() {
                if let Frame::Message(message) = frame {
                    let _ = (message.status(), message.subject(), message.reply());
                    let _ = (message.headers(), message.value());
                }
            }
        }

        #[test]
        fn any_bytes_are_frames_or_not(bytes: Vec<u8>) {
            let _ = frames(&bytes);
        }

        #[test]
        fn any_line_is_a_message_or_not(
            line in "(H?MSG|INFO|-ERR)[ a-z0-9.]{0,40}",
            rest: Vec<u8>,
        ) {
            let _ = frames(&[line.as_bytes(), b"\r\n", &rest].concat());
        }

        #[test]
        fn a_message_is_the_same_however_it_is_cut(
            payload: Vec<u8>,
            cuts in proptest::collection::vec(0usize..60, 0..6),
        ) {
            let head = format!("MSG inbox.1 1 {}\r\n", payload.len());
            let text = [head.as_bytes(), &payload, b"\r\nPING\r\n"].concat();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let (mut buffer, mut read, mut at) = (BytesMut::new(), Vec::new(), 0);
            for cut in cuts {
                buffer.extend_from_slice(&text[at..cut]);
                at = cut;
                while let Some(frame) = next_frame(&mut buffer).unwrap() {
                    read.push(frame);
                }
            }
            let [Frame::Message(message), Frame::Ping] = &read[..] else { panic!("{read:?}") };
            prop_assert_eq!(message.payload(), &payload[..]);
        }
    }
}
