//! Numbers behind each other in a text, read in one pass: a state has a million of them, which are read at every start.

use crate::float::{real, single};

/// What is left of a text of numbers between blanks and colons.
#[derive(Debug)]
pub(super) struct Numbers<'a>(&'a [u8]);

/// Powers of ten that are what they say in double precision, as every whole number below them is.
const POWERS: [f64; 16] =
    [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A number that double precision has room for, by its digits.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    is_negative: bool,
    /// Without the point.
    digits: u64,
    /// How many of them stand behind the point, where there is one.
    behind: Option<usize>,
}

impl<'a> Numbers<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self(text.as_bytes())
    }

    /// Whether there is none left.
    pub(super) const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn next_whole(&mut self) -> Option<u32> {
        let (decimal, rest) = read(self.0);
        match decimal {
            Some(Decimal { is_negative: false, digits, behind: None }) => {
                self.0 = behind_end(rest);
                u32::try_from(digits).ok()
            }
            _ => self.next_word()?.parse().ok(),
        }
    }

    pub(super) fn next_single(&mut self) -> Option<f32> {
        let (decimal, rest) = read(self.0);
        match decimal.and_then(Decimal::single) {
            Some(number) => {
                self.0 = behind_end(rest);
                Some(number)
            }
            None => self.next_word()?.parse().ok(),
        }
    }

    #[cold]
    fn next_word(&mut self) -> Option<&'a str> {
        let is_end = |octet: &u8| matches!(octet, b' ' | b':');
        let end = self.0.iter().position(is_end).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at_checked(end)?;
        self.0 = behind_end(rest);
        core::str::from_utf8(word).ok()
    }
}

/// What follows the blank or colon at which a number ended.
#[inline]
fn behind_end(rest: &[u8]) -> &[u8] {
    rest.get(1..).unwrap_or_default()
}

/// The number at the beginning of a text and what follows it; none where it is not of the plain form.
#[inline]
fn read(text: &[u8]) -> (Option<Decimal>, &[u8]) {
    let (is_negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        text => (false, text),
    };
    let mut digits = 0;
    let point = take_digits(text, &mut digits);
    let mut count = text.len().wrapping_sub(point.len());
    let (behind, rest) = match point {
        [b'.', fraction @ ..] => {
            let rest = take_digits(fraction, &mut digits);
            let behind = fraction.len().wrapping_sub(rest.len());
            count = count.wrapping_add(behind);
            (Some(behind), rest)
        }
        rest => (None, rest),
    };
    let is_plain = matches!(rest, [] | [b' ' | b':', ..]) && count > 0 && count < POWERS.len();
    (is_plain.then_some(Decimal { is_negative, digits, behind }), rest)
}

/// Adds the digits at the beginning of a text to a number; gives what follows them.
#[inline]
fn take_digits<'a>(mut text: &'a [u8], number: &mut u64) -> &'a [u8] {
    while let [octet @ b'0'..=b'9', rest @ ..] = text {
        // Where there are so many that it wraps, it is not looked at.
        *number = number.wrapping_mul(10).wrapping_add(u64::from(octet & 0x0F));
        text = rest;
    }
    text
}

impl Decimal {
    /// The number of single precision that is nearest; none where it takes more than one division to know it.
    #[inline]
    fn single(self) -> Option<f32> {
        let digits = real(self.digits);
        // Both are exact, so that this is the nearest of double precision.
        let number = match self.behind {
            Some(behind) => digits / POWERS.get(behind)?,
            None => digits,
        };
        if is_between(number) {
            return None;
        }
        let number = single(number);
        Some(if self.is_negative { -number } else { number })
    }
}

/// Whether a number lies right between two of single precision: which one is nearer to what it was rounded from, it does
/// not tell.
#[inline]
const fn is_between(number: f64) -> bool {
    const BEHIND_SINGLE: u64 = (1 << 29) - 1;
    number.to_bits() & BEHIND_SINGLE == 1 << 28
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_as_it_is_parsed(word: &str) {
        let wanted: Option<u32> = word.parse::<f32>().ok().map(f32::to_bits);
        let mut numbers = Numbers::new(word);
        assert_eq!(numbers.next_single().map(f32::to_bits), wanted, "{word:?}");
        assert!(numbers.is_over());
        let whole: Option<u32> = word.parse().ok();
        assert_eq!(Numbers::new(word).next_whole(), whole, "{word:?}");
    }

    #[test]
    fn every_word_is_the_number_that_the_library_makes_of_it() {
        for word in [
            "",
            "-",
            ".",
            "-.",
            "+1",
            "+",
            "0",
            "-0",
            "-0.0",
            "5.",
            ".5",
            "-.5",
            "1.2.3",
            "--1",
            "1-",
            "1e5",
            "1E-5",
            "inf",
            "-inf",
            "NaN",
            "nan",
            "4294967295",
            "4294967296",
            "16777217",
            "16777219",
            "-16777217",
            "999999999999999",
            "9999999999999999",
            "0.1",
            "0.000000000000001",
            "0.0000000000000001",
            "00001",
            "1.00000005960464477539",
            "123456789012345678901234567890",
            "9007199791611905",
            "1,5",
            "\u{00e9}",
            "x",
        ] {
            reads_as_it_is_parsed(word);
        }
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..100_000 {
            let bits = u32::try_from(next() >> 32).unwrap();
            reads_as_it_is_parsed(&f32::from_bits(bits).to_string());
            // Such as values have: large and small, of any number of digits.
            let (digits, behind) =
                (next() % 10_u64.pow(u32::try_from(next() % 17).unwrap()), next() % 12);
            let shown = digits.to_string();
            let at = shown.len().saturating_sub(usize::try_from(behind).unwrap());
            let (before, after) = shown.split_at(at);
            reads_as_it_is_parsed(&format!("{before}.{after}"));
            reads_as_it_is_parsed(&format!("-{shown}"));
            // Beside what lies right between two of single precision, by less than double precision can tell.
            let single = f32::from_bits(bits & 0x007F_FFFF | 0x4100_0000);
            let between = f64::from_bits(f64::from(single).to_bits() | 1 << 28);
            reads_as_it_is_parsed(&format!("{between:.14}"));
            reads_as_it_is_parsed(&format!("{between:.13}"));
            reads_as_it_is_parsed(&between.to_string());
        }
    }

    #[test]
    fn words_end_at_blanks_and_colons() {
        let mut numbers = Numbers::new("12 -3.5:7:1  x");
        assert_eq!((numbers.next_whole(), numbers.next_single()), (Some(12), Some(-3.5)));
        assert_eq!((numbers.next_single(), numbers.next_whole()), (Some(7.0), Some(1)));
        assert_eq!((numbers.next_whole(), numbers.next_single()), (None, None));
        assert!(numbers.is_over());
    }
}
