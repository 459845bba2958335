//! One page of a list, as bytes.

use bytes::Bytes;

use super::{
    desk::{Desk, write_field},
    pick::each_field,
    query::Query,
    view::Order,
};
use crate::stage::{faults::Trouble, page::cut};

/// A field that only some answers have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    None,
    /// `memberof`, which the search adds.
    MemberOf,
}

/// Which fields of a record are shown.
pub(super) struct Shape<'a> {
    /// Only these, and `_id`; all when empty.
    pub(super) only: &'a [String],
    /// Never these.
    pub(super) without: &'a [String],
    pub(super) extra: Extra,
}

impl Shape<'_> {
    /// Appends the record with these fields.
    pub(super) fn write(&self, out: &mut Vec<u8>, record: &[u8]) {
        if self.only.is_empty() && self.without.is_empty() && self.extra == Extra::None {
            return out.extend_from_slice(record);
        }
        let is_in = |list: &[String], name: &str| list.iter().any(|listed| listed == name);
        out.push(b'{');
        each_field(record, |name, value| {
            let wanted = self.only.is_empty() || name == "_id" || is_in(self.only, name);
            if wanted && !is_in(self.without, name) {
                write_field(out, name, value.get());
            }
        });
        let member_of = "memberof";
        if self.extra == Extra::MemberOf
            && (self.only.is_empty() || is_in(self.only, member_of))
            && !is_in(self.without, member_of)
        {
            write_field(out, member_of, "[]");
        }
        out.push(b'}');
    }
}

/// Renders the page; `turn` says how often an unstable order was served before.
pub(super) fn render(desk: &Desk, mut query: Query, extra: Extra, trouble: &Trouble, turn: usize) -> Bytes {
    let faults = &trouble.faults;
    query.selection.gone_per_mille = faults.gone_per_mille;
    let all = desk.shelf().len();
    let order = desk.order(&query.selection);
    let page = cut(order.count(all), query.skip, query.limit, trouble);
    let shape = Shape {
        only: &query.fields,
        without: &faults.vanished_fields,
        extra,
    };
    let (total, places) = (page.total, page.places);
    let mut out = Vec::with_capacity(64 + expected_size(desk, &order, places.clone(), turn));
    out.extend_from_slice(format!(r#"{{"totalCount":{total},"results":["#).as_bytes());
    for place in places.clone() {
        if place > places.start {
            out.push(b',');
        }
        shape.write(&mut out, desk.shelf().record(order.at(place, all, turn)));
    }
    out.extend_from_slice(b"]}");
    out.into()
}

fn expected_size(desk: &Desk, order: &Order, places: std::ops::Range<usize>, turn: usize) -> usize {
    let all = desk.shelf().len();
    places
        .map(|place| desk.shelf().record(order.at(place, all, turn)).len() + 1)
        .sum()
}
