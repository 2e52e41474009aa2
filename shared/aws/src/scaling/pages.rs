//! Lists that come in pages, read whole and no faster than they may.

use std::time::Duration;

use steady_core::port::{Page, PortError};

use crate::error::unclear;

/// How fast pages are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Waited before each call.
    pub(crate) pause: Duration,
    /// How often a page is asked for that is throttled, each time after a longer wait.
    pub(crate) tries: u32,
}

impl Pace {
    /// A few pages: as fast as they come, with the client's own attempts.
    pub(crate) const NONE: Self = Self { pause: Duration::ZERO, tries: 1 };
}

/// The first wait after a throttled page, doubled with each further one: seconds after a few, in which a bucket of calls fills
/// again that everything in the account drinks from.
const THROTTLED: Duration = Duration::from_millis(250);

/// All pages.
///
/// # Errors
/// That of the page which has one, after its tries: half a list is none. [`PortError::Unclear`] for a page whose token leads back
/// to itself.
pub(crate) async fn all<T, F>(
    pace: Pace,
    page: impl Fn(Option<String>) -> F,
) -> Result<Vec<T>, PortError>
where
    F: Future<Output = Result<Page<T>, PortError>>,
{
    let (mut items, mut token) = (Vec::new(), None);
    loop {
        let Page { items: more, next } = one(pace, || page(token.clone())).await?;
        items.extend(more);
        if next.is_none() {
            return Ok(items);
        }
        if next == token {
            return Err(unclear("paging", "a page whose token leads to itself"));
        }
        token = next;
    }
}

async fn one<T, F>(pace: Pace, page: impl Fn() -> F) -> Result<Page<T>, PortError>
where
    F: Future<Output = Result<Page<T>, PortError>>,
{
    let mut wait = THROTTLED.max(pace.pause);
    for _ in 1..pace.tries {
        tokio::time::sleep(pace.pause).await;
        match page().await {
            Err(PortError::Throttled { .. }) => tokio::time::sleep(wait).await,
            answer => return answer,
        }
        wait *= 2;
    }
    tokio::time::sleep(pace.pause).await;
    page().await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn throttled() -> PortError {
        PortError::Throttled { call: "DescribeScalingPolicies", text: "Rate exceeded".to_owned() }
    }

    /// Pages of one number each, 0 to 2.
    fn page_after(token: Option<&str>) -> Page<u32> {
        let number = token.map_or(0, |token| token.parse().unwrap());
        Page { items: vec![number], next: (number < 2).then(|| (number + 1).to_string()) }
    }

    #[tokio::test(start_paused = true)]
    async fn every_page_waits_for_its_turn() {
        let began = tokio::time::Instant::now();
        let pace = Pace { pause: Duration::from_millis(100), tries: 5 };
        let items = all(pace, async |token: Option<String>| Ok(page_after(token.as_deref()))).await;
        assert_eq!(items, Ok(vec![0, 1, 2]));
        assert_eq!(began.elapsed(), Duration::from_millis(300));
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_page_is_asked_for_again_later_and_later() {
        let asked = AtomicU32::new(0);
        let began = tokio::time::Instant::now();
        let pace = Pace { pause: Duration::ZERO, tries: 4 };
        let page = async |token: Option<String>| match asked.fetch_add(1, Ordering::Relaxed) {
            1..=3 => Err(throttled()),
            _ => Ok(page_after(token.as_deref())),
        };
        assert_eq!(all(pace, page).await, Ok(vec![0, 1, 2]));
        assert_eq!(asked.into_inner(), 6);
        assert_eq!(began.elapsed(), Duration::from_millis(250 + 500 + 1000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_with_a_page_missing_is_none() {
        let asked = AtomicU32::new(0);
        let pace = Pace { pause: Duration::ZERO, tries: 3 };
        let page = async |token: Option<String>| match asked.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(page_after(token.as_deref())),
            _ => Err(throttled()),
        };
        assert_eq!(all(pace, page).await, Err(throttled()));
        assert_eq!(asked.into_inner(), 4);
        let circle = |token: Option<String>| async move {
            let _ = token;
            Ok(Page { items: vec![1], next: Some("a".to_owned()) })
        };
        let found = all(Pace::NONE, circle).await;
        assert!(matches!(found, Err(PortError::Unclear { .. })), "{found:?}");
    }
}
