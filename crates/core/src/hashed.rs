//! A quick hasher for maps whose keys nobody chooses against us: names out of documents, and hashes themselves.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A map with quick hashes.
pub(crate) type QuickMap<K, V> = HashMap<K, V, BuildHasherDefault<Hashed>>;

/// Takes a number for the hash that it is, and hashes everything else by XXH3.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u8(&mut self, byte: u8) {
        // The end of a text.
        self.0 ^= u64::from(byte);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
