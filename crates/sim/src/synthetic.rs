//! The same people as files, for imports of many.

use std::io::{self, Write};

use crate::{
    jumpcloud::record::{write_record, write_text},
    population::{Person, Population, PopulationOptions},
};

/// Bytes gathered before they are handed on.
const CHUNK: usize = 1 << 18;
/// How many single-valued and how many multi-valued columns a wide record has.
const COLUMNS: u64 = 50;
/// How many values a multi-valued column has.
const VALUES: u64 = 5;

/// Writes `people` JumpCloud records, one JSON object a line: those that [`Population::generate`] with the same
/// arguments would have served. None of them is kept.
///
/// # Errors
///
/// What writing to `out` gives.
pub fn write_json_lines(out: &mut impl Write, people: usize, seed: u64) -> io::Result<()> {
    write_lines(out, people, seed, write_record)
}

/// Writes `people` wide records, one JSON object a line: `id`, `firstname`, `lastname`, fifty columns `s01` to
/// `s50` of one text each, and fifty columns `m01` to `m50` of five texts each.
///
/// # Errors
///
/// What writing to `out` gives.
pub fn wide_json_lines(out: &mut impl Write, people: usize, seed: u64) -> io::Result<()> {
    write_lines(out, people, seed, write_wide)
}

fn write_lines(
    out: &mut impl Write,
    people: usize,
    seed: u64,
    write: impl Fn(&mut Vec<u8>, Person<'_>),
) -> io::Result<()> {
    let options = PopulationOptions {
        people,
        seed,
        ..PopulationOptions::default()
    };
    let mut lines = Vec::with_capacity(CHUNK + 16_384);
    Population::each(options, |person| {
        write(&mut lines, person);
        lines.push(b'\n');
        if lines.len() >= CHUNK {
            out.write_all(&lines)?;
            lines.clear();
        }
        Ok::<_, io::Error>(())
    })?;
    out.write_all(&lines)
}

fn write_wide(out: &mut Vec<u8>, person: Person<'_>) {
    out.extend_from_slice(b"{\"id\":");
    write_text(out, &person.id());
    out.extend_from_slice(b",\"firstname\":");
    write_text(out, person.given().unwrap_or_default());
    out.extend_from_slice(b",\"lastname\":");
    write_text(out, &person.family().unwrap_or_default());
    for column in 1..=COLUMNS {
        write_column(out, b's', column);
        write_value(out, person, column);
    }
    for column in 1..=COLUMNS {
        write_column(out, b'm', column);
        for nth in 0..VALUES {
            out.push(if nth == 0 { b'[' } else { b',' });
            write_value(out, person, (column + 1) * 64 + nth);
        }
        out.push(b']');
    }
    out.push(b'}');
}

fn write_column(out: &mut Vec<u8>, kind: u8, column: u64) {
    let digits = [digit(column / 10), digit(column % 10)];
    out.extend_from_slice(&[b',', b'"', kind, digits[0], digits[1], b'"', b':']);
}

/// Appends a text of eight digits that is the person's own for each `purpose`; a column's values begin with their
/// place in it, so no two of them are the same.
fn write_value(out: &mut Vec<u8>, person: Person<'_>, purpose: u64) {
    let mut rest = person.chance(1000 + purpose, 10_000_000) as u64;
    let mut text = [b'"'; 10];
    text[1] = digit(purpose % 64 % 10);
    for slot in text[2..9].iter_mut().rev() {
        *slot = digit(rest % 10);
        rest /= 10;
    }
    out.extend_from_slice(&text);
}

fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number % 10).unwrap_or(0)
}
