//! Which clusters are looked after.

use std::fmt;
use std::str::FromStr;

use crate::name::ServiceKey;

/// The stack's parameter `Clusters`: a cluster's name, in which `*` stands for any text.
///
/// The rules of the template and the roles of the functions say the same, in the patterns of EventBridge and IAM. Here it
/// keeps what is listed for the whole account to the same clusters.
///
/// ```
/// use steady_core::clusters::Clusters;
/// let clusters: Clusters = "prod-*".parse().unwrap();
/// assert!(clusters.has("prod-eu"));
/// assert!(!clusters.has("prod"));
/// assert!(Clusters::default().has("staging"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters(Box<str>);

/// The text can be no cluster's name: it is empty, or has other signs than letters, digits, `-`, `_` and `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cluster's name in which `*` stands for any text")]
pub struct NoClusters;

/// All of them.
impl Default for Clusters {
    fn default() -> Self {
        Self("*".into())
    }
}

impl FromStr for Clusters {
    type Err = NoClusters;

    fn from_str(text: &str) -> Result<Self, NoClusters> {
        let is_known = |sign: char| sign.is_ascii_alphanumeric() || "-_*".contains(sign);
        let is_name = !text.is_empty() && text.chars().all(is_known);
        if is_name { Ok(Self(text.into())) } else { Err(NoClusters) }
    }
}

impl fmt::Display for Clusters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Clusters {
    /// Whether the cluster of this name is one of them.
    pub fn has(&self, cluster: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return *self.0 == *cluster };
        let Some(mut left) = cluster.strip_prefix(first) else { return false };
        let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        // The first place of each part leaves the most for those that follow.
        for part in between.split('*') {
            let Some((_, after)) = left.split_once(part) else { return false };
            left = after;
        }
        left.ends_with(last)
    }

    /// Whether the service is in one of them.
    pub fn has_service(&self, service: &ServiceKey) -> bool {
        self.has(service.cluster())
    }

    /// Whether a file of config, `prod/checkout` or `defaults`, concerns one of them.
    pub fn has_file(&self, name: &str) -> bool {
        name.split_once('/').is_none_or(|(cluster, _)| self.has(cluster))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text_and_for_none() {
        let cases = [
            ("*", "prod", true),
            ("prod", "prod", true),
            ("prod", "prod-eu", false),
            ("prod*", "prod", true),
            ("prod-*", "prod-eu", true),
            ("prod-*", "prod", false),
            ("*-prod", "eu-prod", true),
            ("*-prod", "prod", false),
            ("*prod*", "eu-prod-1", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("*a*b", "b-a", false),
        ];
        for (clusters, cluster, is_one) in cases {
            let of: Clusters = clusters.parse().unwrap();
            assert_eq!(of.has(cluster), is_one, "{clusters} and {cluster}");
        }
    }

    #[test]
    fn the_file_of_a_service_is_its_clusters_and_the_defaults_are_everybodys() {
        let clusters: Clusters = "prod".parse().unwrap();
        assert!(clusters.has_file("defaults"));
        assert!(clusters.has_file("prod/checkout"));
        assert!(!clusters.has_file("staging/checkout"));
        assert!(!clusters.has_service(&"staging/checkout".into()));
    }

    #[test]
    fn what_can_be_no_name_is_refused() {
        for text in ["", "prod,staging", "arn:aws:ecs:eu-west-1:111122223333:cluster/prod", "a b"] {
            assert_eq!(text.parse::<Clusters>(), Err(NoClusters), "{text}");
        }
    }
}
