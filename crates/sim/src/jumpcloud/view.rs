//! The order of the answers, with the instability that is JumpCloud's own.
//!
//! Only an order that ends in `_id` is the same on every request. Records that a `sort` leaves equal change places
//! from request to request, and without any `sort` all are equal: whoever pages then loses rows or sees them twice.

use std::cmp::Ordering;

use super::{
    pick::{Scalar, scalars},
    query::{Direction, Selection},
    shelf::Shelf,
};
use crate::stage::page::is_gone;

/// Which record comes where.
pub(super) enum Order {
    /// By `_id`.
    Ids,
    /// By `_id`, the last first.
    IdsReversed,
    /// No order asked for: everybody, starting somewhere else each time.
    Unstable,
    /// Worked out from the records.
    Sorted(std::sync::Arc<View>),
}

/// Selected records in order.
pub(super) struct View {
    /// Positions on the shelf.
    positions: Vec<u32>,
    /// Where each run of equal records begins in `positions`.
    ties: Vec<u32>,
}

impl Order {
    /// The order when it needs no look at the records.
    pub(super) fn plain(selection: &Selection) -> Option<Self> {
        if !selection.condition.is_open() || selection.gone_per_mille > 0 {
            return None;
        }
        match selection.sort.as_slice() {
            [] => Some(Self::Unstable),
            [first, ..] if first.name == "_id" => Some(match first.direction {
                Direction::Ascending => Self::Ids,
                Direction::Descending => Self::IdsReversed,
            }),
            _ => None,
        }
    }

    /// How many records there are, of `all`.
    pub(super) fn count(&self, all: usize) -> usize {
        match self {
            Self::Sorted(view) => view.positions.len(),
            _ => all,
        }
    }

    /// The position of the record that comes at `place`, which is below the count, on the `turn`-th unstable request.
    pub(super) fn at(&self, place: usize, all: usize, turn: usize) -> usize {
        match self {
            Self::Ids => place,
            Self::IdsReversed => all - 1 - place,
            Self::Unstable => (place + turn) % all,
            Self::Sorted(view) => view.at(place, turn),
        }
    }
}

impl View {
    /// Looks through all records.
    pub(super) fn work_out(selection: &Selection, shelf: &Shelf) -> Self {
        let mut names: Vec<String> = selection.sort.iter().map(|field| field.name.clone()).collect();
        let keys = names.len();
        selection.condition.fields(&mut names);
        let mut selected: Vec<(Vec<Scalar>, u32)> = shelf
            .records()
            .zip(0_u32..)
            .filter(|((number, _), _)| !is_gone(*number, selection.gone_per_mille))
            .filter_map(|((_, record), position)| {
                let mut values = scalars(record, &names);
                let fits = selection.condition.holds(&names, &values);
                values.truncate(keys);
                fits.then_some((values, position))
            })
            .collect();
        let order = |left: &[Scalar], right: &[Scalar]| {
            let fields = selection.sort.iter().zip(left.iter().zip(right));
            fields.fold(Ordering::Equal, |order, (field, (left, right))| {
                order.then_with(|| match field.direction {
                    Direction::Ascending => left.order(right),
                    Direction::Descending => right.order(left),
                })
            })
        };
        selected.sort_by(|left, right| order(&left.0, &right.0));
        let starts_run =
            |index: &usize| *index == 0 || order(&selected[*index - 1].0, &selected[*index].0).is_ne();
        let ties = (0..selected.len())
            .zip(0_u32..)
            .filter(|(index, _)| starts_run(index));
        Self {
            ties: ties.map(|(_, start)| start).collect(),
            positions: selected.iter().map(|(_, position)| *position).collect(),
        }
    }

    fn at(&self, place: usize, turn: usize) -> usize {
        let next = self.ties.partition_point(|start| *start as usize <= place);
        let start = next
            .checked_sub(1)
            .and_then(|run| self.ties.get(run))
            .map_or(0, |start| *start as usize);
        let end = self
            .ties
            .get(next)
            .map_or(self.positions.len(), |start| *start as usize);
        let rotated = start + (place - start + turn) % (end - start).max(1);
        self.positions
            .get(rotated)
            .map_or(0, |position| *position as usize)
    }
}
