//! Names one request in the last token of the subject that its answers come to.

/// Which slot an answer belongs to, and which of the requests that used the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::nats) struct Ticket {
    pub(super) index: u32,
    pub(super) turn: u32,
}

impl Ticket {
    /// Writes it as the last token of an inbox: sixteen digits.
    pub(in crate::nats) fn digits(self) -> [u8; 16] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let number = u64::from(self.turn) << 32 | u64::from(self.index);
        std::array::from_fn(|place| DIGITS[(number >> (60 - 4 * place) & 15) as usize])
    }

    pub(in crate::nats) fn parse(token: &[u8]) -> Option<Self> {
        let digits: &[u8; 16] = token.try_into().ok()?;
        let number = digits.iter().try_fold(0u64, |number, digit| {
            let digit = char::from(*digit).to_digit(16)?;
            Some(number << 4 | u64::from(digit))
        })?;
        Some(Self { index: number as u32, turn: (number >> 32) as u32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_ticket_is_read_back(index: u32, turn: u32) {
            let ticket = Ticket { index, turn };
            prop_assert_eq!(Ticket::parse(&ticket.digits()), Some(ticket));
        }

        #[test]
        fn any_token_is_a_ticket_or_not(token: Vec<u8>) {
            let _ = Ticket::parse(&token);
        }
    }
}
