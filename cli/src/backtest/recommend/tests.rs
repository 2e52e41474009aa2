//! What is found, what is refused, and that the file says what was found.

use jiff::Timestamp;
use proptest::prelude::*;
use steady_core::config::{SourceFile, load_tree};

use super::candidates::Windows;
use super::edit::{Line, Reasons, edit, new_text};
use super::*;
use crate::backtest::price::Price;

const FILE: &str = "team = \"shop\"   # ours

[capacity]
min = 6 # two in each zone
max = 30

[[target_tracking]]
metric = \"cpu\"
target = 50.0
";

fn scaling(text: &str) -> Scaling {
    let loaded = load_tree(&[SourceFile { path: "prod/web.toml", text }]);
    let tree = loaded.tree.unwrap_or_else(|| panic!("{:?}", loaded.findings));
    tree.for_service("prod/web").scaling.clone()
}

fn reasons() -> Reasons {
    let said = |text: &str| text.to_owned();
    Reasons {
        head: vec![said("tuned")],
        min: said("enough"),
        max: said("room"),
        target: said("full"),
        cooldown: said("cheaper"),
        window: said("busy"),
    }
}

/// Days of load: quiet nights, a ramp, a day, a ramp. Steps are coarse: it is the search that is looked at here.
fn days(count: usize, of_day: impl Fn(usize) -> f64) -> Demand {
    let start: Timestamp = "2026-11-02T00:00:00Z".parse().expect("a time");
    let tasks = (0..count).flat_map(|day| {
        let level = of_day(day);
        (0..1440).step_by(5).map(move |minute| {
            let ramp = match minute {
                0..420 | 1320.. => 0.0,
                420..540 => f64::from(minute - 420) / 120.0,
                540..1200 => 1.0,
                _ => f64::from(1320 - minute) / 120.0,
            };
            level * (2.0 + 10.0 * ramp)
        })
    });
    Demand { start, step: 300, tasks: tasks.collect() }
}

fn answer(config: &Scaling, demand: &Demand, censored_minutes: f64) -> Answer {
    answer_on(2, config, demand, censored_minutes)
}

fn answer_on(threads: usize, config: &Scaling, demand: &Demand, censored_minutes: f64) -> Answer {
    asked_on(threads, config, demand, |asked| recommend(asked, censored_minutes, &|_, _| {}))
}

fn asked_on<T>(
    threads: usize,
    config: &Scaling,
    demand: &Demand,
    then: impl FnOnce(&Asked<'_>) -> T,
) -> T {
    let assumed = Assumptions::default();
    let price = Price::new([1.0, 2.0], [0.04, 0.004], "as given".to_owned(), 0.0, 0.0);
    let asked = Asked {
        config,
        given: &Given::default(),
        demand,
        assumed: &assumed,
        price: &price,
        budget: 0.01,
        timezone: "UTC",
        threads,
    };
    then(&asked)
}

fn refused(config: &Scaling, demand: &Demand, censored_minutes: f64) -> String {
    match answer(config, demand, censored_minutes) {
        Answer::No(why, _) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_load_that_repeats_itself_gets_a_cheaper_config_that_holds_on_later_days() {
    let (config, demand) = (scaling(FILE), days(8, |_| 1.0));
    let Answer::Tuned(tuned) = answer(&config, &demand, 0.0) else { panic!("nothing was found") };
    assert!(tuned.figures.task_hours < tuned.present.task_hours);
    assert!(tuned.figures.violating_load <= 0.01);
    assert_eq!(tuned.folds.len(), 3);
    assert!(share_shown(&tuned.folds) <= 0.01, "{:?}", tuned.folds);
    for fold in &tuned.folds {
        assert!(fold.shown.task_hours < fold.static_peak.task_hours, "{fold:?}");
    }
    let lines = edit(FILE, "prod/web.toml", None, &config, &tuned.config, &reasons());
    let lines = lines.expect("it can be written");
    assert_eq!(scaling(&new_text(&lines)), tuned.config);
}

#[test]
fn what_the_data_do_not_allow_is_not_recommended() {
    let config = scaling(FILE);
    let short = refused(&config, &days(3, |_| 1.0), 0.0);
    assert_eq!(
        short,
        "the recording has 3 d, four days are the least: two to tune on, and later ones to show it on"
    );

    let mut holes = days(6, |_| 1.0);
    holes.tasks.iter_mut().step_by(5).for_each(|load| *load = f64::NAN);
    assert_eq!(refused(&config, &holes, 0.0), "20 % of the recording is not known, more than 10 %");

    let pinned = refused(&config, &days(6, |_| 1.0), 300.0);
    assert!(
        pinned.starts_with("utilization was 95 % or more in 3.47 % of the recording"),
        "{pinned}"
    );

    let memory = scaling(
        "[capacity]\nmin = 2\nmax = 9\n[[target_tracking]]\nmetric = 'memory'\ntarget = 50\n",
    );
    let none = refused(&memory, &days(6, |_| 1.0), 0.0);
    assert_eq!(
        none,
        "the config tracks nothing that follows from this load: there is no target to tune"
    );
}

#[test]
fn a_past_that_says_nothing_of_the_future_is_said_so() {
    // From the second half on each hour has minutes of ten times the load, which nothing before knew of.
    let mut demand = days(6, |_| 0.3);
    let half = demand.tasks.len() / 2;
    for (step, load) in demand.tasks.iter_mut().enumerate().skip(half) {
        *load *= if step % 12 == 0 { 10.0 } else { 1.0 };
    }
    let why = refused(&scaling(FILE), &demand, 0.0);
    assert!(why.contains("its past does not say enough of its future"), "{why}");
}

#[test]
fn parts_end_with_a_day_where_there_are_days_enough_and_none_is_empty() {
    for (days, expected) in
        [(4, [576, 768, 960, 1152]), (6, [864, 1152, 1440, 1728]), (8, [1152, 1440, 2016, 2304])]
    {
        assert_eq!(WALK.map(|share| end_of_part(days * 288, share, 300)), expected, "{days} days");
    }
}

#[test]
fn a_config_that_is_cheapest_already_is_kept() {
    let (config, demand) = (scaling(FILE), days(8, |_| 1.0));
    let Answer::Tuned(tuned) = answer(&config, &demand, 0.0) else { panic!("nothing was found") };
    let again = answer(&tuned.config, &demand, 0.0);
    assert!(matches!(again, Answer::Keep(_)), "{again:?}");
}

/// What is shown is not known while tuning: another future leaves every earlier choice as it was.
#[test]
fn what_comes_later_changes_no_earlier_choice() {
    let (config, demand) = (scaling(FILE), days(6, |_| 1.0));
    let mut other = demand.clone();
    let half = other.tasks.len() / 2;
    other.tasks.iter_mut().skip(half).for_each(|load| *load *= 0.5);
    let first = |demand: &Demand| match answer(&config, demand, 0.0) {
        Answer::Tuned(tuned) | Answer::Keep(tuned) => tuned.folds.into_iter().next(),
        Answer::No(_, folds) => folds.into_iter().next(),
    };
    let (one, another) = (first(&demand).expect("a fold"), first(&other).expect("a fold"));
    assert_eq!((one.knobs, one.tuned), (another.knobs, another.tuned));
    assert_ne!(one.shown, another.shown);
}

#[test]
fn the_same_recording_gives_the_same_answer_on_any_number_of_cores() {
    let (config, demand) = (scaling(FILE), days(5, |day| 1.0 + 0.1 * day as f64));
    let one = format!("{:?}", answer_on(1, &config, &demand, 0.0));
    assert_eq!(one, format!("{:?}", answer_on(3, &config, &demand, 0.0)));
}

#[test]
fn only_values_change_and_comments_stay() {
    let before = scaling(FILE);
    let knobs = Knobs {
        fill: 0.625,
        min: 3,
        max: 30,
        scale_out_cooldown: None,
        scale_in_cooldown: Some(120),
        windows: Windows::Kept,
    };
    let after = knobs.applied(&before, &Assumptions::default());
    let lines = edit(FILE, "prod/web.toml", None, &before, &after, &reasons()).expect("a file");
    insta::assert_snapshot!(new_text(&lines), @r#"
    # tuned
    team = "shop"   # ours

    [capacity]
    # was 6: enough
    min = 3 # two in each zone
    max = 30

    [[target_tracking]]
    # was "5m": cheaper
    scale_in_cooldown = "2m"
    metric = "cpu"
    # was 50: full
    target = 62.5
    "#);
    let gone: Vec<&Line> = lines.iter().filter(|line| matches!(line, Line::Gone(_))).collect();
    assert_eq!(gone.len(), 2, "{gone:?}");
}

#[test]
fn what_is_written_otherwise_is_not_changed_by_guessing() {
    let inline =
        "capacity = { min = 6, max = 30 }\n[[target_tracking]]\nmetric = 'cpu'\ntarget = 50\n";
    let before = scaling(inline);
    let mut after = before.clone();
    after.capacity.iter_mut().for_each(|capacity| capacity.min = 3);
    assert_eq!(edit(inline, "prod/web.toml", None, &before, &after, &reasons()), None);
}

/// Minutes of a peak each quarter of a day, which come faster than tasks start: a floor has to carry them.
fn peaks() -> Demand {
    let mut demand = days(6, |_| 1.0);
    demand.tasks.iter_mut().enumerate().filter(|(step, _)| step % 72 == 40).for_each(
        |(step, load)| {
            *load += if step % 144 == 40 { 6.0 } else { 3.0 };
        },
    );
    demand
}

#[test]
fn what_breaks_the_budget_is_said_with_the_cheapest_that_would_hold_it() {
    let (config, demand) = (scaling(FILE), peaks());
    asked_on(2, &config, &demand, |asked| {
        let Answer::Tuned(tuned) = recommend(asked, 0.0, &|_, _| {}) else { panic!("not found") };
        let mut broken = 0;
        for one in &tuned.sensitivity {
            let over = one.tuned.violating_load - asked.budget;
            assert_eq!(one.broken.is_some(), over > 0.0, "{}", one.what);
            broken += usize::from(over > 0.0);
        }
        assert!(broken > 0, "{:?}", tuned.sensitivity);
        let said = print::warnings(asked, &tuned, &tuned.figures);
        assert_eq!(said.len(), broken);
        insta::assert_snapshot!(said.join("\n"), @r"
        Warning: load +20 % breaks the budget of 1.00 %, with 1.38 % of the load in violating minutes (the present config: 0.37 %), 0.38 points too much. Of the front, `min 10, 70 % full` would hold it, for 98.57 USD instead of 78.74 with the load as recorded.
        Warning: load -20 % breaks the budget of 1.00 %, with 1.40 % of the load in violating minutes (the present config: 0.37 %), 0.40 points too much. Of the front, `min 10, 70 % full` would hold it, for 98.57 USD instead of 78.74 with the load as recorded.
        ");

        // In the comment of the config that is handed out, too.
        let file = print::File {
            named: String::new(),
            path: "prod/web.toml",
            text: FILE,
            defaults: None,
            load: "load",
        };
        let json = print::json(asked, &file, &Answer::Tuned(tuned));
        for warning in &said {
            let comment = format!("# {warning}\n");
            assert!(json["file"].as_str().is_some_and(|file| file.contains(&comment)), "{json}");
        }
    });
}

#[test]
fn what_is_recommended_is_judged_be_it_the_new_config_or_the_present_one() {
    let (present, demand) = (scaling(&FILE.replace("target = 50.0", "target = 95.0")), peaks());
    let mut ample = present.clone();
    ample.capacity.iter_mut().for_each(|capacity| capacity.min = capacity.max);
    asked_on(1, &present, &demand, |asked| {
        let broken = |keep| {
            let all = otherwise::all(asked, &ample, keep, &[]);
            all.into_iter().filter_map(|one| one.broken).collect::<Vec<_>>()
        };
        assert_eq!(broken(false), []);
        let broken = broken(true);
        assert!(!broken.is_empty());
        assert!(broken.iter().all(|one| one.holds.is_none()), "there is no front: {broken:?}");
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Read again, the new file says just what was recommended.
    #[test]
    fn a_file_that_is_handed_out_says_what_was_recommended(
        fill in 0.2..0.95_f64, min in 0_u32..40, room in 1_u32..40, cooldown in prop::option::of(1_i64..7200),
    ) {
        let before = scaling(FILE);
        let knobs = Knobs {
            fill,
            min: min.max(1),
            max: min.max(1) + room,
            scale_out_cooldown: cooldown,
            scale_in_cooldown: None,
            windows: Windows::Kept,
        };
        let after = knobs.applied(&before, &Assumptions::default());
        let lines = edit(FILE, "prod/web.toml", None, &before, &after, &reasons()).expect("a file");
        prop_assert_eq!(scaling(&new_text(&lines)), after);
    }
}
