/** Patterns of what Bowser takes for something else; the first group that matches is the version. */
type Named = readonly [name: string, pattern: RegExp];

/** Apps that show pages in a web view, and browsers that Bowser takes for the engine below them. */
export const APPS: readonly Named[] = [
  ['Messenger', /\bFB(?:AN\/Messenger|_IAB\/(?:MESSENGER|Orca-Android))(?:.*?FBAV\/([\d.]+))?/],
  ['Facebook', /\bFB(?:AN|_IAB)\/(?:.*?FBAV\/([\d.]+))?/],
  ['Instagram', /\bInstagram ([\d.]+)/],
  ['Threads', /\bBarcelona ([\d.]+)/],
  ['TikTok', /\b(?:musical_ly|trill)_(?:[\d_]+ .*?app_version\/([\d.]+)|(\d+\.[\d.]+))?/],
  ['LINE', /\bLine\/([\d.]+)/],
  ['LinkedIn', /\bLinkedInApp(?:\/([\d.]+))?/],
  ['Snapchat', /\bSnapchat\/([\d.]+)/],
  ['Pinterest', /\[Pinterest\/(?:iOS|Android)\]/],
  ['Twitter', /\bTwitter for (?:iPhone|iPad|Android)(?:\/([\d.]+))?/],
  ['KakaoTalk', /\bKAKAOTALK[ /]([\d.]+)/],
  ['DuckDuckGo', /\b(?:DuckDuckGo|Ddg)\/([\d.]+)/],
  ['Huawei Browser', /\bHuaweiBrowser\/([\d.]+)/],
  ['Oculus Browser', /\bOculusBrowser\/([\d.]+)/],
  ['Nintendo Browser', /\bNintendoBrowser\/([\d.]+)/],
  ['Opera Mini', /\bOpera Mini\/([\d.]+)/],
];

/** What Bowser calls Chrome, but where nobody chose a browser: pages that an app on Android shows. */
export const WEB_VIEWS: readonly Named[] = [['Chrome WebView', /; wv\).*?\bChrome\/([\d.]+)/]];

/** How programs that are no browser tell of the device they run on. */
export const SYSTEMS: readonly Named[] = [
  ['KaiOS', /\bKAIOS\/([\d.]+)/],
  ['tvOS', /\bAppleTV[\d,]*\/([\d.]+)/],
  ['iOS', /\biOS (\d[\d.]*)/],
];

/** Crawlers that Bowser does not know, by what they call themselves. */
export const CRAWLERS: readonly RegExp[] = [
  /\bcompatible; (?!MSIE)([A-Za-z][\w.-]*)(?:\/v?(\d[\w.~-]*))?/,
  /\b([A-Za-z][\w-]*(?:bot|spider|crawler))(?:\/v?(\d[\w.~-]*))?/i,
];

/** Neither desk nor hand: televisions and what is plugged into them, consoles, headsets. Many say Android. */
export const SCREENS =
  /\bTV\b|SmartTV|GoogleTV|AppleTV|HbbTV|Web0S|NetCast|BRAVIA|Chromecast|CrKey|MIBOX|; AFT[A-Z]|\bRoku\b|PlayStation|Nintendo|Xbox|OculusBrowser/;

/** Programs that send on behalf of people, although isbot has patterns that other bots need too. */
export const SENDERS = /^(?:GuzzleHttp|PHP|RestSharp|Wget|libcurl-agent|node-fetch)\b/;

export function findNamed(table: readonly Named[], text: string): { name: string; version: string | null } | null {
  for (const [name, pattern] of table) {
    const match = pattern.exec(text);
    if (match !== null) return { name, version: match.slice(1).find((group) => group !== undefined) ?? null };
  }
  return null;
}
