//! The rendered records, one after the other in one buffer, in the order of the population.

/// Rebuild the buffer once this much of it is stale and stale bytes are the greater part.
const WORTH_TIDYING: usize = 1 << 20;

/// Whose record is where in the buffer.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    length: u32,
    number: u32,
}

/// Records by position, in ascending order of their people's numbers, ready to be sent.
#[derive(Default)]
pub(super) struct Shelf {
    buffer: Vec<u8>,
    spans: Vec<Span>,
    stale: usize,
}

impl Shelf {
    pub(super) fn with_capacity(records: usize) -> Self {
        Self {
            // What an average record takes.
            buffer: Vec::with_capacity(records * 1800),
            spans: Vec::with_capacity(records),
            stale: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The record at `position`, or nothing at all when there is none.
    pub(super) fn record(&self, position: usize) -> &[u8] {
        self.spans.get(position).map_or(&[], |span| self.bytes(*span))
    }

    /// Where the record of the person with that number is.
    pub(super) fn position(&self, number: u32) -> Option<usize> {
        self.spans.binary_search_by_key(&number, |span| span.number).ok()
    }

    /// The records with their people's numbers.
    pub(super) fn records(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.spans.iter().map(|span| (span.number, self.bytes(*span)))
    }

    /// Adds a record at the end; its number is larger than all before.
    pub(super) fn push(&mut self, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
        let span = self.append(number, write);
        self.spans.push(span);
    }

    pub(super) fn replace(&mut self, position: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(old) = self.spans.get(position).copied() else {
            return;
        };
        let span = self.append(old.number, write);
        if let Some(slot) = self.spans.get_mut(position) {
            *slot = span;
        }
        self.stale += old.length as usize;
        self.tidy();
    }

    pub(super) fn remove(&mut self, position: usize) {
        if position < self.spans.len() {
            self.stale += self.spans.remove(position).length as usize;
        }
        self.tidy();
    }

    fn bytes(&self, span: Span) -> &[u8] {
        self.buffer
            .get(span.start..span.start + span.length as usize)
            .unwrap_or_default()
    }

    fn append(&mut self, number: u32, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.buffer.len();
        write(&mut self.buffer);
        Span {
            start,
            length: u32::try_from(self.buffer.len() - start).unwrap_or(u32::MAX),
            number,
        }
    }

    fn tidy(&mut self) {
        if self.stale < WORTH_TIDYING || self.stale * 2 < self.buffer.len() {
            return;
        }
        let mut buffer = Vec::with_capacity(self.buffer.len() - self.stale);
        for position in 0..self.spans.len() {
            let start = buffer.len();
            buffer.extend_from_slice(self.record(position));
            if let Some(span) = self.spans.get_mut(position) {
                span.start = start;
            }
        }
        self.buffer = buffer;
        self.stale = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_tidying() {
        let mut shelf = Shelf::default();
        for (number, letter) in [(3, b'a'), (5, b'b'), (8, b'c')] {
            shelf.push(number, |out| out.extend_from_slice(&[letter; 10]));
        }
        let large = vec![b'x'; WORTH_TIDYING];
        for _ in 0..4 {
            shelf.replace(1, |out| out.extend_from_slice(&large));
        }
        shelf.remove(0);
        assert_eq!(shelf.len(), 2);
        assert_eq!(shelf.position(8), Some(1));
        assert!(
            shelf.buffer.len() < 3 * WORTH_TIDYING,
            "stale records are dropped"
        );
        assert_eq!(shelf.record(0), large);
        assert_eq!(shelf.record(1), [b'c'; 10]);
    }
}
