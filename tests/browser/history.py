"""A long history, as the page itself writes it."""

# `count` turns with ten results and a picture each, written as the page itself writes them.
FILL = """async (count) => {
    const { keepConversation } = await import('/js/history/store.js');
    const { keepBlob } = await import('/js/core/blobs.js');
    const { question } = await import('/js/ask/question.js');
    const { images } = await (await fetch('/api/gallery?limit=10')).json();
    const results = images.map((image, index) => ({ ...image, score: 0.5 - index / 100 }));
    const blob = await (await fetch(images[0].thumbnail)).blob();
    const turns = [];
    for (let index = 0; index < count; index += 1) {
        const key = `picture-${index}`;
        const text = `question ${index}`;
        turns.push({ id: `turn-${index}`, at: index,
            question: question({ text, pictures: [{ key, name: 'a.jpg' }] }),
            answer: { state: 'done', results, text: 'Found.', language: 'en', asked: 10 } });
    }
    const keys = turns.map(({ question: { pictures: [{ key }] } }) => key);
    const kept = await Promise.all(keys.map((key) => keepBlob(key, blob)));
    if (!kept.every(Boolean)) return 'pictures lost';
    return keepConversation({ id: 'long', name: 'long', at: Date.now() + 1000 }, turns);
}"""
