//! Attributes with their values as one JSON object, `{"sn": ["Byrne"]}`: half as long as a list of objects, and the
//! same to everybody who reads it.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;

use crate::action::AttributeValues;

/// For serde: writes the object, its members in the order of the list.
pub(crate) fn serialize<S: Serializer>(list: &[AttributeValues], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        list.iter()
            .map(|attribute| (attribute.name.as_str(), &attribute.values)),
    )
}

/// For serde: reads the object.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<AttributeValues>, D::Error> {
    deserializer.deserialize_map(ObjectVisitor)
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Vec<AttributeValues>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes with lists of values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some((name, values)) = map.next_entry()? {
            list.push(AttributeValues { name, values });
        }
        Ok(list)
    }
}
