//! Which services an alarm concerns.

use steady_core::name::ServiceKey;
use steady_core::port::{AlarmUse, AlarmUses, FindByAlarm, KeepAlarmUses};

use crate::setup::{aws_at, patient, start};

const ROLLBACK: AlarmUse = AlarmUse { rollback: true, surge: false };
const SURGE: AlarmUse = AlarmUse { rollback: false, surge: true };
const NEITHER: AlarmUse = AlarmUse { rollback: false, surge: false };

#[tokio::test]
async fn an_alarm_knows_the_services_whose_config_names_it_and_for_what() {
    let local = start().await;
    let table = aws_at(&local.endpoint(), patient()).await.table("records");
    let (cart, search): (ServiceKey, ServiceKey) = ("prod/cart".into(), "prod/search".into());
    let known = async || table.uses_of_alarm("5xx").await.expect("an answer");
    assert_eq!(known().await, AlarmUses::default());
    let steps = [
        (&search, ROLLBACK, "rollback prod/search; surge "),
        (&search, ROLLBACK, "rollback prod/search; surge "),
        (&cart, ROLLBACK, "rollback prod/cart prod/search; surge "),
        (
            &cart,
            AlarmUse { rollback: true, surge: true },
            "rollback prod/cart prod/search; surge prod/cart",
        ),
        (&search, SURGE, "rollback prod/cart; surge prod/cart prod/search"),
        (&cart, NEITHER, "rollback ; surge prod/search"),
        (&search, NEITHER, "rollback ; surge "),
    ];
    for (service, used, expected) in steps {
        table.note_alarm_use("5xx", service, used).await.expect("a write");
        let uses = known().await;
        let listed = |services: &[ServiceKey]| {
            services.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let told = format!("rollback {}; surge {}", listed(&uses.rollback), listed(&uses.surge));
        assert_eq!(told, expected, "{service} {used:?}");
    }
    assert_eq!(table.uses_of_alarm("latency").await, Ok(AlarmUses::default()), "nor of another");
}
