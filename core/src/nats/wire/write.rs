//! Writes what a client sends.

use super::LINE_END;

/// Writes a message that is to be answered at an inbox, given in two parts. Its headers, if it has
/// any, come with the line that precedes them and the empty one that follows.
pub(in crate::nats) fn write_request(
    out: &mut Vec<u8>,
    subject: &str,
    inbox: [&[u8]; 2],
    headers: &[u8],
    payload: &[u8],
) {
    out.extend_from_slice(if headers.is_empty() { b"PUB " } else { b"HPUB " });
    out.extend_from_slice(subject.as_bytes());
    out.push(b' ');
    out.extend_from_slice(inbox[0]);
    out.extend_from_slice(inbox[1]);
    if !headers.is_empty() {
        out.push(b' ');
        write_number(out, headers.len());
    }
    out.push(b' ');
    write_number(out, headers.len() + payload.len());
    out.extend_from_slice(LINE_END);
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(LINE_END);
}

/// Subscribes to a subject under a name.
pub(in crate::nats) fn write_subscribe(out: &mut Vec<u8>, subject: &str, name: &[u8]) {
    out.extend([b"SUB ", subject.as_bytes(), b" ", name, LINE_END].concat());
}

/// Ends the subscription of this name.
pub(in crate::nats) fn write_unsubscribe(out: &mut Vec<u8>, name: &[u8]) {
    out.extend([b"UNSUB ", name, LINE_END].concat());
}

fn write_number(out: &mut Vec<u8>, mut number: usize) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out[start..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_request_says_its_lengths(payload: Vec<u8>, value in "[a-z]{1,9}") {
            let headers = format!("NATS/1.0\r\nA: {value}\r\n\r\n");
            let mut out = Vec::new();
            write_request(&mut out, "a.b", [b"in.", b"1"], headers.as_bytes(), &payload);
            let total = headers.len() + payload.len();
            let line = format!("HPUB a.b in.1 {} {total}\r\n", headers.len());
            let expected = [line.as_bytes(), headers.as_bytes(), &payload, b"\r\n"].concat();
            prop_assert_eq!(out, expected);
            let mut out = Vec::new();
            write_request(&mut out, "a.b", [b"", b"i"], b"", &payload);
            let line = format!("PUB a.b i {}\r\n", payload.len());
            prop_assert_eq!(out, [line.as_bytes(), &payload, b"\r\n"].concat());
        }
    }
}
