// Put before the theme's search worker (docs/site/search.py). The theme never looks at the last character of a run of Chinese,
// so that "备案" is "备" to it, and takes every word as the beginning of one: "key" finds Keycloak, "no" finds Node. Here a run ends
// with a filler, a short word that stands on a page is itself, and a longer one counts most where it stands whole. The word for
// what the product makes stands on every page: beside other words it says nothing. The theme counts a whole page more than a
// section of it, which leaves readers at the page's top: that is undone.
{
  const FILLER = "〇";
  const PRODUCT = "验证码";
  const HAN = /^\p{sc=Han}+$/u;
  const PLAIN = /^[^+\-~^:*][^~^:*]*\*$/; // without the operators of the search

  const forms = (word, known) => {
    if (HAN.test(word)) return known(word) ? [`${word}^6`] : [`${word}*`];
    const other = word.endsWith("s") ? word.slice(0, -1) : `${word}s`;
    const whole = [word, other].filter(known).map((each) => `${each}^6`);
    return word.length < 4 && whole.length ? whole : [...whole, `${word}*`];
  };

  // The glossary is also indexed with every common character, which is no answer to anything.
  const written = ({ matchData: { metadata } }) =>
    Object.values(metadata).some((fields) => Object.keys(fields).some((each) => each !== "words"));

  // The theme multiplies a score by 1 + n², where n is how many of the words were found, and one more for a whole page.
  const even = (each, words) => {
    if (each.ref.includes("#")) return each;
    const met = Object.keys(each.matchData.metadata);
    const found = words.filter((word) => met.some((term) => term.startsWith(word))).length;
    return { ...each, score: (each.score * (1 + found ** 2)) / (1 + (found + 1) ** 2) };
  };

  const rank = (prototype) => {
    const { search } = prototype;
    prototype.search = function (asked) {
      const known = (word) => Object.hasOwn(this.invertedIndex, word);
      const words = asked.replaceAll(FILLER, "").split(" ");
      const plain = words.filter((each) => PLAIN.test(each)).flatMap((each) => each.slice(0, -1).toLowerCase().split("-"));
      const telling = plain.filter((each) => each && each !== PRODUCT);
      const asking = telling.length ? telling : plain;
      const long = asking.some((each) => each.length > 1);
      const kept = [...new Set(asking)].filter((each) => each && !(long && each.length === 1));
      const rest = words.filter((each) => each && each !== "*" && !PLAIN.test(each));
      const found = search
        .call(this, [...rest, ...kept.flatMap((each) => forms(each, known))].join(" "))
        .filter((each) => !each.ref.startsWith("glossary/") || written(each))
        .map((each) => even(each, kept))
        .sort((one, other) => other.score - one.score);
      // What shares only a common word with a question of several is no answer to it.
      return kept.length > 1 ? found.filter((each) => each.score >= found[0].score / 25) : found;
    };
  };

  // lunr shares the ends of words between words, and knows an end by its letters and the numbers of what follows, run together:
  // digits of words and numbers are then mixed up, and a search finds words that do not exist and fails ("48001"). Here they end.
  const distinct = (prototype) => {
    prototype.toString = function () {
      const letters = Object.keys(this.edges).sort();
      return this._str ?? `${+this.final}${letters.map((each) => `${each}${this.edges[each].id};`).join("")}`;
    };
  };

  let ready = false;
  const listen = self.addEventListener;
  self.addEventListener = (kind, heard) =>
    listen.call(self, kind, ({ data: { type, data } }) => {
      if (!ready) {
        rank(lunr.Index.prototype);
        distinct(lunr.TokenSet.prototype);
      }
      ready = true;
      return heard({ data: { type, data: typeof data === "string" ? data.replace(/\p{sc=Han}+/gu, `$&${FILLER}`) : data } });
    });
}
