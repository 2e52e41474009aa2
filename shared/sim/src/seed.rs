//! Everything that is random here: one stream of numbers from one seed.
//!
//! The generator is splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): three
//! lines, no dependency, and the same numbers in every version of everything. It is not for secrets.

use jiff::SignedDuration;

/// A stream of numbers that depends on its seed alone.
#[derive(Debug, Clone)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of `0..bound`; 0 for a bound of 0. Not quite uniform for huge bounds, which nobody here has.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// Whether something happens that happens `percent` times of a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Whether something happens that happens in `share` (0 to 1) of cases. What never or always happens draws nothing.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && (share >= 1.0 || self.unit() < share)
    }

    /// A number from 0 up to 1, in steps of 2^-53.
    fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
        let number = (self.next() >> 11) as f64;
        number / 9_007_199_254_740_992.0
    }

    /// The time to the next of things that happen at random, `per_second` on average; `None` if they never do.
    pub(crate) fn exponential(&mut self, per_second: f64) -> Option<SignedDuration> {
        if per_second <= 0.0 {
            return None;
        }
        let seconds = -(1.0 - self.unit()).ln() / per_second;
        SignedDuration::try_from_secs_f64(seconds.min(1e9)).ok().map(|time| {
            SignedDuration::from_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// A duration between two others, in whole milliseconds.
    pub(crate) fn between(
        &mut self,
        (from, to): (SignedDuration, SignedDuration),
    ) -> SignedDuration {
        let ms = |time: SignedDuration| u64::try_from(time.as_millis()).unwrap_or(0);
        self.millis(ms(from), ms(to).max(ms(from)))
    }

    /// A duration from `from_ms` to `to_ms`, both included, in whole milliseconds: ECS's own resolution.
    pub(crate) fn millis(&mut self, from_ms: u64, to_ms: u64) -> SignedDuration {
        let ms = from_ms + self.below(to_ms.saturating_sub(from_ms) + 1);
        SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
    }

    /// A task's id: 32 hexadecimal digits.
    pub(crate) fn task_id(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// An id in the shape of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    /// The 19 digits of `ecs-svc/…` and of a service revision.
    pub(crate) fn digits(&mut self) -> String {
        const FIRST: u64 = 1_000_000_000_000_000_000;
        format!("{}", FIRST + self.below(8 * FIRST))
    }

    /// The 21 letters at the end of a service deployment's ARN.
    pub(crate) fn letters(&mut self) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::with_capacity(21);
        for _ in 0..21 {
            let place = usize::try_from(self.below(64)).unwrap_or(0);
            text.push(ALPHABET.get(place).copied().unwrap_or(b'A').into());
        }
        text
    }

    /// `digits` hexadecimal digits, for the ids of network interfaces, subnets and digests.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }
}

/// The 64 hexadecimal digits of an image's digest: the same for the same name, whatever the seed.
pub(crate) fn digest(image: &str) -> String {
    // FNV-1a, only to come from a name to a seed.
    let hash = image.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("sha256:{}", Seed::new(hash).hex(64))
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        // The first outputs of splitmix64 for the seed 1234567, as other implementations give them.
        let mut seed = Seed::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| seed.next()).collect();
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn ids_have_the_shapes_of_real_ones() {
        let mut seed = Seed::new(1);
        assert_eq!(seed.task_id().len(), 32);
        assert_eq!(seed.digits().len(), 19);
        assert_eq!(seed.letters().len(), 21);
        assert_eq!(seed.uuid().len(), 36);
        assert_eq!(seed.hex(17).len(), 17);
    }
}
