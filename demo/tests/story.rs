//! The demo's story, to the byte: its seed is fixed, and its clock is the simulator's.

#[tokio::test]
async fn the_main_job_is_told_from_push_to_resolved() {
    let mut told = Vec::new();
    demo::run(&mut told).await.unwrap();
    insta::assert_snapshot!(String::from_utf8(told).unwrap());
}

#[tokio::test]
async fn the_same_seed_tells_the_same_story() {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    demo::run(&mut one).await.unwrap();
    demo::run(&mut other).await.unwrap();
    assert_eq!(String::from_utf8(one).unwrap(), String::from_utf8(other).unwrap());
}
