//! Repeatable chance: hashes where a value has to stay the same for a place, a seeded stream where it has to vary.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A number that depends on all parts and on nothing else (the finisher of `SplitMix64`, once a part).
pub(super) fn hash(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9E37_79B9_7F4A_7C15, |so_far, part| {
        let mut z = so_far ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

/// Sixteen of the 64 bits, as a share of one.
fn sixteenth(bits: u64, which: u32) -> f32 {
    let part = u16::try_from((bits >> (16 * which)) & 0xFFFF).unwrap_or(u16::MAX);
    f32::from(part) / 65_536.0
}

/// A share in `0..1` made of a hash.
pub(super) fn share_of(bits: u64) -> f32 {
    sixteenth(bits, 3) + sixteenth(bits, 2) / 65_536.0
}

/// A nearly normal value (mean 0, deviation 1) made of a hash: the sum of four even shares. It never exceeds 3.5, which
/// suits radio: no tag is ever heard across the whole building by a fluke.
pub(super) fn normal_of(bits: u64) -> f32 {
    let sum: f32 = (0..4).map(|which| sixteenth(bits, which)).sum();
    (sum - 2.0) * 3.0_f32.sqrt()
}

/// Whole milliseconds of a number of seconds.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "std has no other way from a float to an integer; the cast saturates and walks last minutes"
)]
pub(super) fn ms_of_seconds(seconds: f32) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// What share of the way from `from_ms` to `to_ms` has passed at `now_ms`.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "std has no other way from i64 to a float; legs of a walk last minutes"
)]
pub(super) fn share_between(from_ms: i64, now_ms: i64, to_ms: i64) -> f32 {
    ((now_ms - from_ms) as f32 / (to_ms - from_ms).max(1) as f32).clamp(0.0, 1.0)
}

/// The index that a list gives its next element. Lists of the simulated site hold hundreds, never 65,536.
pub(super) fn next_index<T>(list: &[T]) -> u16 {
    u16::try_from(list.len()).unwrap_or(u16::MAX)
}

/// A seeded stream of chance.
#[derive(Clone, Debug)]
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of one purpose: the same parts give the same stream.
    pub(super) fn new(parts: &[u64]) -> Self {
        Self(ChaCha8Rng::seed_from_u64(hash(parts)))
    }

    /// An even share in `0..1`.
    pub(super) fn share(&mut self) -> f32 {
        share_of(self.0.next_u64())
    }

    /// A nearly normal value.
    pub(super) fn normal(&mut self) -> f32 {
        normal_of(self.0.next_u64())
    }

    /// True with this probability.
    pub(super) fn happens(&mut self, probability: f32) -> bool {
        self.share() < probability
    }

    /// A whole number below `end` (0 when `end` is 0).
    pub(super) fn below(&mut self, end: u16) -> u16 {
        u16::try_from(self.0.next_u64() % u64::from(end.max(1))).unwrap_or(0)
    }

    /// One of the list.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(usize::from(self.below(next_index(list))))
    }

    /// Bytes for an id.
    pub(super) fn ten_bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_mean_and_spread_it_claims() {
        let mut chance = Chance::new(&[1]);
        let draws: Vec<f32> = (0..20_000).map(|_| chance.normal()).collect();
        let mean = draws.iter().sum::<f32>() / 20_000.0;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.05, "variance {variance}");
    }

    #[test]
    fn the_same_parts_give_the_same_chance() {
        let [first, second, other] =
            [[1, 2], [1, 2], [2, 1]].map(|parts| Chance::new(&parts).share());
        assert!((first - second).abs() < f32::EPSILON);
        assert!((first - other).abs() > f32::EPSILON);
    }
}
