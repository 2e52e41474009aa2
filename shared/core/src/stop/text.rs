//! Stop reasons as searchable text: normalised once, filtered cheaply, searched exactly.

use memchr::memmem;
use strsim::osa_distance;

/// Separates what ECS said from what each container said. White space is folded to spaces, so a
/// line feed cannot occur inside a part.
const PART_END: char = '\n';

/// The normalised texts of one stop: part 0 is `stoppedReason`, part n + 1 the reason of container n.
#[derive(Debug)]
pub(super) struct Texts {
    joined: String,
    trigrams: Trigrams,
}

impl Texts {
    /// Normalises the parts into one buffer. One allocation; none if nothing is written.
    pub(super) fn of<'a>(
        stopped_reason: Option<&'a str>,
        containers: impl Iterator<Item = Option<&'a str>> + Clone,
    ) -> Self {
        let first = drop_service_prefix(stopped_reason.unwrap_or_default());
        // Curly quotes and ellipses never grow; other characters keep their length.
        let room =
            containers.clone().map(|part| part.map_or(1, |text| text.len() + 1)).sum::<usize>();
        let mut joined = String::with_capacity(first.len() + room);
        normalise_into(&mut joined, first);
        for part in containers {
            joined.push(PART_END);
            normalise_into(&mut joined, part.unwrap_or_default());
        }
        let trigrams = Trigrams::of(joined.as_bytes());
        Self { joined, trigrams }
    }

    /// The part number in which one of the alternatives occurs, its fragments in order.
    ///
    /// Containers are asked before `stoppedReason`: where both say the same, the container tells.
    /// A fragment that begins with `^` must begin the part; one that ends with `$` must end it.
    pub(super) fn find(&self, alternatives: &[&[&str]]) -> Option<usize> {
        alternatives
            .iter()
            .filter(|fragments| {
                fragments.iter().all(|f| self.trigrams.may_hold(split_anchors(f).1))
            })
            .find_map(|fragments| self.find_part(|part| holds_in_order(part, fragments)))
    }

    /// The first part, containers before `stoppedReason`, of which `holds` is true.
    pub(super) fn find_part(&self, holds: impl Fn(&str) -> bool) -> Option<usize> {
        let mut parts = self.joined.split(PART_END).enumerate();
        let first = parts.next();
        parts.chain(first).find(|(_, part)| holds(part)).map(|(number, _)| number)
    }

    /// What ECS itself said, normalised; empty if it said nothing.
    pub(super) fn stopped_reason(&self) -> &str {
        self.joined.split(PART_END).next().unwrap_or_default()
    }

    /// Whether any part holds `fragment`, by the filter alone: may be wrong when it says yes.
    pub(super) fn may_hold(&self, fragment: &str) -> bool {
        self.trigrams.may_hold(fragment)
    }
}

/// A set of the three-byte sequences of a text, as 4,096 hash bits.
///
/// Most rows of the table do not match, and most of their fragments fail here at the first or
/// second byte triple instead of after a search. It never says no to a fragment that is there.
#[derive(Debug)]
struct Trigrams([u64; 64]);

impl Trigrams {
    fn of(text: &[u8]) -> Self {
        let mut bits = [0; 64];
        for triple in text.windows(3) {
            let hash = hash(triple);
            if let Some(word) = bits.get_mut(hash >> 6) {
                *word |= 1 << (hash & 63);
            }
        }
        Self(bits)
    }

    fn may_hold(&self, fragment: &str) -> bool {
        fragment.as_bytes().windows(3).all(|triple| {
            let hash = hash(triple);
            self.0.get(hash >> 6).is_some_and(|word| word & (1 << (hash & 63)) != 0)
        })
    }
}

/// 12 bits of a byte triple.
fn hash(triple: &[u8]) -> usize {
    let wide = triple.iter().fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    (wide.wrapping_mul(0x9E37_79B1) >> 20) as usize
}

/// Splits the anchors off a fragment: (must begin the part, bare fragment, must end the part).
fn split_anchors(fragment: &str) -> (bool, &str, bool) {
    let (begins, rest) = match fragment.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, fragment),
    };
    match rest.strip_suffix('$') {
        Some(rest) => (begins, rest, true),
        None => (begins, rest, false),
    }
}

/// Whether all fragments occur in `part`, each after the end of the one before.
fn holds_in_order(part: &str, fragments: &[&str]) -> bool {
    let mut rest = part.as_bytes();
    for fragment in fragments {
        let (begins, bare, ends) = split_anchors(fragment);
        let at = match (begins, ends) {
            (true, _) => rest.starts_with(bare.as_bytes()).then_some(0),
            (false, true) => rest.len().checked_sub(bare.len()),
            (false, false) => memmem::find(rest, bare.as_bytes()),
        };
        let Some(tail) = at.and_then(|at| rest.get(at + bare.len()..)) else {
            return false;
        };
        if ends && !(tail.is_empty() && rest.ends_with(bare.as_bytes())) {
            return false;
        }
        rest = tail;
    }
    true
}

/// Drops `Service NAME:` and `(service NAME)`, which ECS puts before some reasons: the name is the
/// user's and must not be read as a reason.
fn drop_service_prefix(text: &str) -> &str {
    let text = text.trim_start();
    let bare = text.strip_prefix('(').unwrap_or(text);
    let Some((word, rest)) = bare.split_once(' ') else {
        return text;
    };
    if !word.eq_ignore_ascii_case("service") {
        return text;
    }
    match rest.split_once(char::is_whitespace) {
        Some((name, reason)) if name.ends_with(':') || name.ends_with(')') => reason,
        _ => text,
    }
}

/// Appends `text` in lower case (ASCII), with typographic quotes, dashes and dots as ASCII and runs
/// of white space as one space. AWS's own texts mix both kinds of quotes from page to page.
fn normalise_into(joined: &mut String, text: &str) {
    let mut gap = false;
    for letter in text.trim().chars() {
        if letter.is_whitespace() {
            gap = true;
            continue;
        }
        if gap {
            joined.push(' ');
            gap = false;
        }
        match letter {
            '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' => joined.push('\''),
            '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' | '\u{2033}' => joined.push('"'),
            '\u{2026}' => joined.push_str("..."),
            '\u{2010}'..='\u{2015}' => joined.push('-'),
            other => joined.push(other.to_ascii_lowercase()),
        }
    }
}

/// What stands before the region in the name of an ECR registry.
pub(super) const ECR_HOST: &str = ".dkr.ecr.";

/// What follows the region in the name of a real ECR registry, by partition.
/// Source: AWS docs, "AWS service endpoints"; the `.gov` and `.uk` ones belong to isolated partitions.
const ECR_SUFFIXES: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "api.aws",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "csp.hci.ic.gov",
    "cloud.adc-e.uk",
];

/// How many letters a misspelt suffix may differ by (insert, drop, change or swap). Two catches
/// `amazonawss.com` and `amazonws.con`; more would reach names that are not meant to be AWS.
const MISSPELT_WITHIN: usize = 2;

/// Whether a part names an ECR registry whose domain is nearly, but not, AWS's.
///
/// Such a host often belongs to somebody who parks misspellings, so the pull fails with a timeout
/// and looks like a network fault. A name cut off at the end of a shortened text is no misspelling,
/// and one correctly spelt registry in the part acquits it.
pub(super) fn names_misspelt_registry(part: &str) -> bool {
    let mut misspelt = false;
    for after in part.split(ECR_HOST).skip(1) {
        let host = after.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'));
        let Some((_region, suffix)) = host.into_iter().next().and_then(|h| h.split_once('.'))
        else {
            continue;
        };
        let suffix = suffix.trim_end_matches('.');
        if ECR_SUFFIXES.contains(&suffix) {
            return false;
        }
        let cut_off = ECR_SUFFIXES.iter().any(|real| real.starts_with(suffix));
        let near = ECR_SUFFIXES
            .iter()
            .filter(|real| real.starts_with("amazonaws"))
            .filter(|real| real.len().abs_diff(suffix.len()) <= MISSPELT_WITHIN)
            .any(|real| osa_distance(real, suffix) <= MISSPELT_WITHIN);
        misspelt |= near && !cut_off;
    }
    misspelt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(reason: &str) -> Texts {
        Texts::of(Some(reason), std::iter::empty())
    }

    #[test]
    fn typography_case_and_white_space_are_folded() {
        let found = texts("  The task CAN\u{2019}T\u{a0}\t pull \u{201C}x\u{201D}\u{2026}\n");
        assert_eq!(found.stopped_reason(), "the task can't pull \"x\"...");
    }

    #[test]
    fn the_service_prefix_is_dropped_whatever_the_name() {
        for text in ["Service draining: A b", "(service draining) A b", " service x_y-1:  A b"] {
            assert_eq!(texts(text).stopped_reason(), "a b", "{text}");
        }
        for text in ["Service was stopped", "Service", "(service", "Services x: y"] {
            assert_eq!(texts(text).stopped_reason(), text.to_lowercase());
        }
    }

    #[test]
    fn fragments_are_found_in_order_within_one_part() {
        let found = Texts::of(Some("one two"), [Some("three four"), None].into_iter());
        assert_eq!(found.find(&[&["one", "two"]]), Some(0));
        assert_eq!(found.find(&[&["two", "one"]]), None);
        assert_eq!(found.find(&[&["one", "four"]]), None);
        assert_eq!(found.find(&[&["nine"], &["four"]]), Some(1));
        assert_eq!(found.find(&[&["^three"]]), Some(1));
        assert_eq!(found.find(&[&["^four"]]), None);
        assert_eq!(found.find(&[&["four$"]]), Some(1));
        assert_eq!(found.find(&[&["three$"]]), None);
        assert_eq!(found.find(&[&["^one two$"]]), Some(0));
        assert_eq!(found.find(&[&["^one$"]]), None);
        assert_eq!(found.find(&[&["a fragment longer than the text$"]]), None);
    }

    #[test]
    fn a_container_is_asked_before_the_task() {
        let found = Texts::of(Some("same"), [None, Some("same")].into_iter());
        assert_eq!(found.find(&[&["same"]]), Some(2));
    }

    #[test]
    fn misspelt_registries_are_told_from_real_and_cut_off_ones() {
        for (domain, expected) in [
            ("amazonawss.com", true),
            ("amazonws.com", true),
            ("amazonaws.con", true),
            ("amazonaws.cm", true),
            ("amazonaws.ocm", true),
            ("amaz0naws.com.cn", true),
            ("amazonaws.com", false),
            ("amazonaws.com.", false),
            ("amazonaws.com.cn", false),
            ("amazonaws.eu", false),
            ("amazonaw", false),
            ("amazonaws.com.c", false),
            ("amazonaws.com.check", false),
            ("internal.example.org", false),
            ("c2s.ic.gov", false),
        ] {
            let text = format!("get \"https://111122223333.dkr.ecr.eu-west-3.{domain}/v2/\": x");
            assert_eq!(names_misspelt_registry(&text), expected, "{domain}");
            let cut = format!("pull 111122223333.dkr.ecr.eu-west-3.{domain}");
            assert_eq!(names_misspelt_registry(&cut), expected, "{domain} at the end");
        }
        for text in ["", ".dkr.ecr.", ".dkr.ecr.eu-west-3", "x.dkr.ecr..", "x.dkr.ecr.a.b.dkr.ecr."]
        {
            assert!(!names_misspelt_registry(text), "{text}");
        }
    }
}
