//! The one source of chance: everything made up comes from a seed through here.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// Repeatable chance.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// Dice that always fall the same way for the same `seed` and `purpose`.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        dice.set_stream(purpose);
        Self(dice)
    }

    /// A number below `limit`; 0 when `limit` is 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        scale(self.0.next_u32(), limit)
    }

    /// Whether something that happens `per_mille` times in a thousand happens now.
    pub(super) fn happens(&mut self, per_mille: u16) -> bool {
        self.below(1000) < usize::from(per_mille)
    }

    /// 32 random bits.
    pub(super) fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }
}

/// Maps 32 random bits evenly to 0..limit.
pub(super) fn scale(bits: u32, limit: usize) -> usize {
    let scaled = (u128::from(bits) * limit as u128) >> 32;
    usize::try_from(scaled).unwrap_or(0)
}

/// Mixes a number into 64 bits that look random: the finaliser of `SplitMix64`.
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
