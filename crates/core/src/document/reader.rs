//! Reads trees for serde: what a node is, a stand-in that passes as anything, and on which way an error was found.

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::complaint::{Complaint, OneOf};
use super::scalar::AS_WRITTEN;
use super::tree::{Entry, Node, Scalar, ScalarKind, Value};

/// Reads one node.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t>(pub &'t Node);

impl Reader<'_> {
    fn unexpected(&self) -> Unexpected<'_> {
        match &self.0.value {
            Value::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null => Unexpected::Unit,
                ScalarKind::Bool(yes) => Unexpected::Bool(yes),
                ScalarKind::Unsigned(number) => Unexpected::Unsigned(number),
                ScalarKind::Signed(number) => Unexpected::Signed(number),
                ScalarKind::Float(number) => Unexpected::Float(number),
                ScalarKind::Text => Unexpected::Str(&scalar.text),
            },
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
            Value::Removed | Value::StandIn => Unexpected::Unit,
        }
    }

    fn read_text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match &self.0.value {
            Value::Scalar(Scalar {
                kind: ScalarKind::Null,
                ..
            })
            | Value::List(_)
            | Value::Map(_) => Err(Complaint::invalid_type(self.unexpected(), &visitor)),
            Value::Scalar(scalar) => visitor.visit_str(&scalar.text),
            Value::Removed | Value::StandIn => visitor.visit_str(""),
        }
    }

    fn read_number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match self.0.value {
            Value::StandIn => visitor.visit_u64(1),
            _ => self.deserialize_any(visitor),
        }
    }

    fn read_map<'de, V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        match &self.0.value {
            Value::Map(entries) => visitor.visit_map(Entries { entries, next: 0 }),
            Value::StandIn => visitor.visit_map(StandIns {
                fields: fields.iter(),
                node: self.0,
            }),
            _ => Err(Complaint::invalid_type(self.unexpected(), &visitor)),
        }
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
            self.read_number(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Complaint;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match &self.0.value {
            Value::Scalar(scalar) => match scalar.kind {
                ScalarKind::Null => visitor.visit_unit(),
                ScalarKind::Bool(yes) => visitor.visit_bool(yes),
                ScalarKind::Unsigned(number) => visitor.visit_u64(number),
                ScalarKind::Signed(number) => visitor.visit_i64(number),
                ScalarKind::Float(number) => visitor.visit_f64(number),
                ScalarKind::Text => visitor.visit_str(&scalar.text),
            },
            Value::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Value::Map(entries) => visitor.visit_map(Entries { entries, next: 0 }),
            Value::Removed | Value::StandIn => visitor.visit_str(""),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match self.0.value {
            Value::StandIn => visitor.visit_bool(false),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.read_text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.read_text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match &self.0.value {
            Value::Scalar(Scalar {
                kind: ScalarKind::Null,
                ..
            })
            | Value::StandIn => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        match &self.0.value {
            Value::Scalar(scalar) if name == AS_WRITTEN && scalar.kind != ScalarKind::Null => {
                visitor.visit_str(&scalar.text)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match &self.0.value {
            Value::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Value::StandIn => visitor.visit_seq(Items { items: &[], next: 0 }),
            _ => Err(Complaint::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.read_map(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        self.read_map(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        match &self.0.value {
            Value::Scalar(scalar) if scalar.kind != ScalarKind::Null => {
                visitor.visit_enum(Word(&scalar.text))
            }
            Value::StandIn => visitor.visit_enum(Word(variants.first().copied().unwrap_or_default())),
            _ => Err(Complaint::invalid_type(self.unexpected(), &OneOf(variants))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { char bytes byte_buf unit unit_struct tuple tuple_struct identifier }
}

/// The items of a list.
struct Items<'t> {
    items: &'t [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Complaint;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Complaint> {
        while let Some(item) = self.items.get(self.next) {
            let at = self.next;
            self.next += 1;
            if !matches!(item.value, Value::Removed) {
                return seed
                    .deserialize(Reader(item))
                    .map(Some)
                    .map_err(|complaint| complaint.below(at));
            }
        }
        Ok(None)
    }
}

/// The entries of a mapping.
struct Entries<'t> {
    entries: &'t [Entry],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Complaint;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Complaint> {
        while let Some(entry) = self.entries.get(self.next) {
            self.next += 1;
            if !matches!(entry.value.value, Value::Removed) {
                return seed.deserialize(entry.key.as_str().into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Complaint> {
        let at = self.next.saturating_sub(1);
        let entry = self
            .entries
            .get(at)
            .ok_or_else(|| Complaint::custom("a value without its key"))?;
        seed.deserialize(Reader(&entry.value))
            .map_err(|complaint| complaint.below(at))
    }
}

/// Every field of a type, each with a stand-in.
struct StandIns<'t> {
    fields: std::slice::Iter<'static, &'static str>,
    node: &'t Node,
}

impl<'de> MapAccess<'de> for StandIns<'_> {
    type Error = Complaint;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Complaint> {
        self.fields
            .next()
            .map(|field| seed.deserialize((*field).into_deserializer()))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Complaint> {
        seed.deserialize(Reader(self.node))
    }
}

/// A variant of an enum, all of which have no content in documents.
struct Word<'t>(&'t str);

impl<'de> EnumAccess<'de> for Word<'_> {
    type Error = Complaint;
    type Variant = NoContent;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, NoContent), Complaint> {
        seed.deserialize(self.0.into_deserializer())
            .map(|variant| (variant, NoContent))
    }
}

struct NoContent;

impl<'de> VariantAccess<'de> for NoContent {
    type Error = Complaint;

    fn unit_variant(self) -> Result<(), Complaint> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Complaint> {
        Err(Complaint::custom("a word that needs content"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Complaint> {
        Err(Complaint::invalid_type(Unexpected::UnitVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        Err(Complaint::invalid_type(Unexpected::UnitVariant, &visitor))
    }
}
