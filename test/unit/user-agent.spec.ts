import { type NamedVersion, parseUserAgent } from '../../src/analytics/properties/user-agent.js';

/** Headers as browsers, crawlers and programs send them: name and version of the browser, then of the system; the device. */
const AGENTS: [text: string, ...expected: (string | null)[]][] = [
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Chrome',
    '142.0.0.0',
    'Windows',
    '10.0',
    'desktop',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.1.2',
    'Edge',
    '142.0.1.2',
    'Windows',
    '10.0',
    'desktop',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
    'Safari',
    '18.1',
    'macOS',
    '10.15.7',
    'desktop',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
    'Safari',
    '18.1',
    'iOS',
    '18.1',
    'mobile',
  ],
  [
    'Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7 Mobile/15E148 Safari/604.1',
    'Chrome',
    '142.0.7',
    'iOS',
    '17.6',
    'tablet',
  ],
  [
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
    'Chrome',
    '142.0.0.0',
    'Android',
    '15',
    'mobile',
  ],
  [
    'Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Safari/537.36',
    'Samsung Internet',
    '27.0',
    'Android',
    '14',
    'tablet',
  ],
  [
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
    'Firefox',
    '145.0',
    'Linux',
    null,
    'desktop',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/126.0 Mobile/15E148 Safari/605.1.15',
    'Firefox',
    '126.0',
    'iOS',
    '17.5',
    'mobile',
  ],
  [
    'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Chrome',
    '142.0.0.0',
    'ChromeOS',
    null,
    'desktop',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36 OPR/105.0.0.0',
    'Opera',
    '105.0.0.0',
    'Windows',
    '10.0',
    'desktop',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko',
    'Internet Explorer',
    '11.0',
    'Windows',
    '10.0',
    'desktop',
  ],
  [
    'Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)',
    'Internet Explorer',
    '10.0',
    'Windows',
    '6.2',
    'desktop',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 YaBrowser/24.4.0 Safari/537.36',
    'Yandex Browser',
    '24.4.0',
    'Windows',
    '10.0',
    'desktop',
  ],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36 Vivaldi/6.6',
    'Vivaldi',
    '6.6',
    'Linux',
    null,
    'desktop',
  ],
  ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Googlebot', '2.1', null, null, 'bot'],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36',
    'Chrome',
    '142.0.0.0',
    'Linux',
    null,
    'bot',
  ],
  [
    'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
    'FacebookExternalHit',
    null,
    null,
    null,
    'bot',
  ],
  ['curl/8.5.0', 'curl', '8.5.0', null, null, 'other'],
  ['tidemark-sdk/1.2', 'tidemark-sdk', '1.2', null, null, 'other'],
  ['okhttp/4.12.0', 'okhttp', '4.12.0', null, null, 'other'],
  ['python-requests/2.32.3', 'python-requests', '2.32.3', null, null, 'other'],
  ['PostmanRuntime/7.39.0', 'PostmanRuntime', '7.39.0', null, null, 'other'],
  ['node', 'node', null, null, null, 'other'],
  ['Apache-HttpClient/4.5.14 (Java/17.0.10)', 'Apache-HttpClient', '4.5.14', null, null, 'other'],
  ['Go-http-client/2.0', 'Go-http-client', '2.0', null, null, 'other'],
  ['axios/1.7.2', 'axios', '1.7.2', null, null, 'other'],
  ['GPTBot/1.2 (+https://openai.com/gptbot)', 'GPTBot', '1.2', null, null, 'bot'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 334.0',
    'Instagram',
    '334.0',
    'iOS',
    '17.5',
    'mobile',
  ],
  [
    'Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/5.0 Chrome/85.0 TV Safari/537.36',
    'Samsung Internet',
    '5.0',
    'Tizen',
    '7.0',
    'other',
  ],
  ['Mozilla/5.0', null, null, null, null, 'bot'],
  ['', null, null, null, null, 'other'],
  [' <script>', null, null, null, null, 'other'],
  ['SomeNewBot/1.0', 'SomeNewBot', '1.0', null, null, 'bot'],
  ['AhrefsBot/7.0; +http://ahrefs.com/robot/', 'AhrefsBot', '7.0', null, null, 'bot'],
  ['Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)', 'BingCrawler', '2.0', null, null, 'bot'],
  ['Dart/3.4 (dart:io)', 'Dart', '3.4', null, null, 'other'],
  ['MyApp/1.0 CFNetwork/1494.0.7 Darwin/23.4.0', 'MyApp', '1.0', null, null, 'other'],
  ['Java/17.0.1', 'Java', '17.0.1', null, null, 'other'],
  ['analytics-node/3.1.0', 'analytics-node', '3.1.0', null, null, 'other'],
  ['Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18', 'Opera', '12.18', 'Windows', '6.1', 'desktop'],
  [
    'Mozilla/5.0 (Linux; U; Android 4.0.3; de-de; Galaxy S II Build/GRJ22) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30',
    'Android Browser',
    '4.0',
    'Android',
    '4.0.3',
    'mobile',
  ],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'Chrome',
    '142.0.0.0',
    'Linux',
    null,
    'desktop',
  ],
  ['Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)', 'YandexBot', null, null, null, 'bot'],
  [
    'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Googlebot',
    '2.1',
    'Android',
    '6.0.1',
    'bot',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Chrome-Lighthouse',
    'Chrome',
    '142.0.0.0',
    'macOS',
    '10.15.7',
    'bot',
  ],
];

/**
 * More of them out of public lists: phones and televisions, consoles, web views of apps, crawlers and libraries. Browser,
 * system and device, then the header.
 */
const LISTED = `
Chrome 114.0.0.0 | Android 10 | mobile | Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Mobile Safari/537.36
Chrome WebView 96.0.4664.45 | Android 11 | mobile | Mozilla/5.0 (Linux; Android 11; CUBOT_NOTE_20_PRO Build/RP1A.200720.011; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/96.0.4664.45 Mobile Safari/537.36
Chrome 114.0.0.0 | Android 12 | tablet | Mozilla/5.0 (Linux; Android 12; CUBOT TAB 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36
Chrome 92.0.4515.131 | Android 9 | other | Mozilla/5.0 (Linux; Android 9; BRAVIA 4K UR2 Build/PTT1.190515.001.S104) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/92.0.4515.131 Safari/537.36
Chrome WebView 90.0.4430.91 | Android 11 | other | Mozilla/5.0 (Linux; Android 11; Chromecast Build/RTT1.210616.006; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/90.0.4430.91 Mobile Safari/537.36
Chrome WebView 70.0.3538.110 | Android 7.1.2 | other | Mozilla/5.0 (Linux; Android 7.1.2; AFTMM Build/NS6265; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/70.0.3538.110 Mobile Safari/537.36
Chrome WebView 88.0.4324.152 | Android 9 | other | Mozilla/5.0 (Linux; Android 9; AFTKA Build/PS7233; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/88.0.4324.152 Mobile Safari/537.36
Chrome 79.0.3945.136 | Android 9 | other | Mozilla/5.0 (Linux; Android 9; Android TV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.136 Safari/537.36
Chrome WebView 101 | Android 10 | other | Mozilla/5.0 (Linux; Android 10; MIBOX4 Build/QTT1; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/101 Safari/537.36
Chrome 79.0.3945.136 | Android 8.0.0 | other | Mozilla/5.0 (Linux; Android 8.0.0; SHIELD Android TV Build/OPR6.170623.010) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.136 Safari/537.36
Opera 46.0.2207.0 | Linux | other | Mozilla/5.0 (Linux; Andr0id 9; BRAVIA 4K GB) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36 OPR/46.0.2207.0 OMI/4.13.5.431.DIA6.150 Model/Sony-BRAVIA-4K-GB
WebOS Browser | WebOS | other | Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0.4280.88 Safari/537.36 WebAppManager
WebOS Browser | WebOS | other | Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36 DMOST/2.0.0 (; LGE; webOSTV; WEBOS6.3.2 03.34.95; W6_lm21a;)
Tizen 5.0 | Tizen 5.0 | other | Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/5.0 TV Safari/537.36
Chrome 11.0.696.77 | Linux | other | Mozilla/5.0 (Linux; GoogleTV 3.2; NSZ-GS7/GX70 Build/MASTER) AppleWebKit/534.24 (KHTML, like Gecko) Chrome/11.0.696.77 Safari/534.24
Roku | Roku 9.10 | other | Roku/DVP-9.10 (519.10E04111A)
Chrome 31.0.1650.0 | - | other | Mozilla/5.0 (CrKey armv7l 1.5.16041) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/31.0.1650.0 Safari/537.36
Safari 9.0 | iOS 9.0 | other | Mozilla/5.0 (Apple TV; CPU iPhone OS 9_0 like Mac OS X) AppleWebKit/601.1.46 (KHTML, like Gecko) Version/9.0 Mobile/13T534YI Safari/601.1.46
Safari 13.0 | - | other | Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15
PlayStation 4 | PlayStation 4 3.11 | other | Mozilla/5.0 (PlayStation 4 3.11) AppleWebKit/537.73 (KHTML, like Gecko)
Edge 20.02 | Windows 10.0 | other | Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/48.0.2564.82 Safari/537.36 Edge/20.02
Nintendo Browser 5.1.0.13343 | - | other | Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/601.6 (KHTML, like Gecko) NF/4.0.0.5.10 NintendoBrowser/5.1.0.13343
Chrome WebView 115.0.5790.166 | Android 13 | mobile | Mozilla/5.0 (Linux; Android 13; SM-S918B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/115.0.5790.166 Mobile Safari/537.36
Facebook 428.0.0.26.108 | Android 13 | mobile | Mozilla/5.0 (Linux; Android 13; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/115.0.5790.166 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/428.0.0.26.108;]
Facebook 428.0.0.26.108 | iOS 16.6 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/428.0.0.26.108;FBBV/502870900;FBDV/iPhone14,2;FBMD/iPhone;FBSN/iOS;FBSV/16.6;FBSS/3;FBCR/;FBID/phone;FBLC/en_US;FBOP/5]
Instagram 296.0.0.35.109 | Android 13 | mobile | Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/115.0.5790.166 Mobile Safari/537.36 Instagram 296.0.0.35.109 Android (33/13; 450dpi; 1080x2177; samsung; SM-A536B; a53x; s5e8825; en_GB; 506704450)
TikTok 31.3.0 | iOS 17.0 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 musical_ly_31.3.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/en Region/US
TikTok 31.5.3 | Android 12 | mobile | Mozilla/5.0 (Linux; Android 12; M2101K6G Build/SKQ1.210908.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/115.0.5790.166 Mobile Safari/537.36 trill_310503 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/31.5.3 ByteLocale/en
WeChat 8.0.40 | iOS 16.6 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.40(0x18002831) NetType/WIFI Language/zh_CN
LINE 13.14.0 | iOS 16.6 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/13.14.0
Google Search 278.0.561095014 | iOS 16.6 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/278.0.561095014 Mobile/15E148 Safari/604.1
LinkedIn 9.27.2 | iOS 16.6 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 LinkedInApp/9.27.2
Snapchat 12.47.0.37 | iOS 16.6 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Snapchat/12.47.0.37 (like Safari/8615.3.12.10.2, panda)
Pinterest | iOS 16.6 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]
DuckDuckGo 7 | iOS 16.6 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15
DuckDuckGo 5 | Android 13 | mobile | Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/115.0.5790.166 Mobile DuckDuckGo/5 Safari/537.36
MIUI Browser 13.22.1 | Android 11 | mobile | Mozilla/5.0 (Linux; U; Android 11; en-us; Redmi Note 8 Build/RKQ1) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.127 Mobile Safari/537.36 XiaoMi/MiuiBrowser/13.22.1-gn
Huawei Browser 14.0.1.300 | Android 10 | mobile | Mozilla/5.0 (Linux; Android 10; ELE-L29; HMSCore 6.11.0.302) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 HuaweiBrowser/14.0.1.300 Mobile Safari/537.36
UC Browser 13.4.0.1306 | Android 10 | mobile | Mozilla/5.0 (Linux; U; Android 10; en-US; RMX2001 Build/QP1A.190711.020) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/78.0.3904.108 UCBrowser/13.4.0.1306 Mobile Safari/537.36
Edge 120.0.2210.84 | Android 14 | mobile | Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36 EdgA/120.0.2210.84
Edge 120.0.2210.150 | iOS 17.1 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 EdgiOS/120.0.2210.150 Mobile/15E148 Safari/605.1.15
Firefox 121.0 | Android 14 | mobile | Mozilla/5.0 (Android 14; Mobile; rv:121.0) Gecko/121.0 Firefox/121.0
Firefox 121.0 | Android 13 | tablet | Mozilla/5.0 (Android 13; Tablet; rv:121.0) Gecko/121.0 Firefox/121.0
Firefox 48.0 | KaiOS 2.5 | mobile | Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5
Amazon Silk 120.4.1 | Android 11 | tablet | Mozilla/5.0 (Linux; Android 11; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.4.1 like Chrome/120.0.6099.230 Safari/537.36
Chrome 103.0.1599.103 | Android 4.4.2 | tablet | Mozilla/5.0 (Linux; Android 4.4.2; LG-V410/V41020c Build/KOT49I.V41020c) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/103.0.1599.103 Safari/537.36
Opera 106.0.0.0 | macOS 10.15.7 | desktop | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 OPR/106.0.0.0
Electron 27.1.3 | Windows 10.0 | desktop | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.35.126 Chrome/118.0.5993.159 Electron/27.1.3 Safari/537.36
Electron 27.0.0 | Linux | desktop | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Electron/27.0.0 Safari/537.36
Chromium 83.0.4103.61 | Linux | desktop | Mozilla/5.0 (X11; Ubuntu; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Ubuntu Chromium/83.0.4103.61 Chrome/83.0.4103.61 Safari/537.36
Safari | macOS 10.15.7 | desktop | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)
GPTBot 1.2 | - | bot | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)
ChatGPT-User 1.0 | - | bot | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot
ClaudeBot 1.0 | - | bot | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)
PerplexityBot 1.0 | - | bot | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)
Applebot 0.1 | macOS 10.15.7 | bot | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)
BaiduSpider 2.0 | - | bot | Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)
BingCrawler 2.0 | - | bot | Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36
DuckDuckBot 1.1 | - | bot | DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)
SemrushBot 7~bl | - | bot | Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)
MJ12bot 1.4.8 | - | bot | Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)
DotBot 1.2 | - | bot | Mozilla/5.0 (compatible; DotBot/1.2; +https://opensiteexplorer.org/dotbot; help@moz.com)
Twitterbot 1.0 | - | bot | Twitterbot/1.0
SlackBot 1.0 | - | bot | Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)
LinkedInBot 1.0 | - | bot | LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)
TelegramBot | - | bot | TelegramBot (like TwitterBot)
WhatsApp 2.23.20.0 | - | bot | WhatsApp/2.23.20.0 A
Discordbot 2.0 | - | bot | Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)
PingdomBot | - | bot | Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)
UptimeRobot 2.0 | - | bot | Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)
Bytespider | Android 5.0 | bot | Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)
Mediapartners-Google | - | bot | Mediapartners-Google
AdsBot-Google | - | bot | AdsBot-Google (+http://www.google.com/adsbot.html)
PetalBot | - | bot | Mozilla/5.0 (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)
CCBot 2.0 | - | bot | CCBot/2.0 (https://commoncrawl.org/faq/)
Meta-ExternalAgent 1.1 | - | bot | meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)
PhantomJS 1.9.8 | Linux | bot | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/534.34 (KHTML, like Gecko) PhantomJS/1.9.8 Safari/534.34
Googlebot | - | bot | Googlebot-Image/1.0
Wget 1.21.3 | - | other | Wget/1.21.3
Dalvik 2.1.0 | Android 13 | mobile | Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B Build/TP1A.220624.014)
MyApp 3.2.1 | iOS 16.6.0 | mobile | MyApp/3.2.1 (com.example.MyApp; build:321; iOS 16.6.0) Alamofire/5.6.4
MyApp 5 | - | other | MyApp/5 CFNetwork/1410.0.3 Darwin/22.6.0
com.example.app 1.2.3 | Android 13 | mobile | com.example.app/1.2.3 (Linux; U; Android 13; Pixel 7)
okhttp 5.0.0-alpha.11 | - | other | okhttp/5.0.0-alpha.11
Dart 3.1 | - | other | Dart/3.1 (dart:io)
PHP 8.2 | - | other | PHP/8.2 GuzzleHttp/7
GuzzleHttp 7 | - | other | GuzzleHttp/7
Ruby | - | other | Ruby
Java-http-client 17.0.8 | - | other | Java-http-client/17.0.8
axios 1.6.2 | - | other | axios/1.6.2
node-fetch 1.0 | - | other | node-fetch/1.0 (+https://github.com/bitinn/node-fetch)
undici | - | other | undici
python-urllib3 2.0.4 | - | other | python-urllib3/2.0.4
Python-urllib 3.11 | - | other | Python-urllib/3.11
aiohttp 3.8.5 | - | other | aiohttp/3.8.5
python-httpx 0.25 | - | other | python-httpx/0.25
Python 3.11 | - | other | Python/3.11 aiohttp/3.8.5
PostmanRuntime 7.33.0 | - | other | PostmanRuntime/7.33.0
insomnia 8.4.0 | - | other | insomnia/8.4.0
HTTPie 3.2.2 | - | other | HTTPie/3.2.2
Apache-HttpClient 5.2.1 | - | other | Apache-HttpClient/5.2.1 (Java/17.0.8)
RestSharp 110.2.0.0 | - | other | RestSharp/110.2.0.0
libcurl-agent 1.0 | - | other | libcurl-agent/1.0
Deno 1.38.0 | - | other | Deno/1.38.0
Bun 1.0.11 | - | other | Bun/1.0.11
reqwest 0.11.22 | - | other | reqwest/0.11.22
analytics-python 2.2.3 | - | other | analytics-python/2.2.3
analytics-go | - | other | analytics-go (version: 3.2.1)
analytics-ruby 2.4.0 | - | other | analytics-ruby/2.4.0
analytics-java 3.4.0 | - | other | analytics-java/3.4.0
posthog-node 3.1.3 | - | other | posthog-node/3.1.3
ELB-HealthChecker 2.0 | - | bot | ELB-HealthChecker/2.0
GoogleHC 1.0 | - | bot | GoogleHC/1.0
Firefox 52.0 | Windows 6.1 | desktop | Mozilla/5.0 (Windows NT 6.1; WOW64; rv:52.0) Gecko/20100101 Firefox/52.0
Edge 15.15063 | Windows Phone 10.0 | mobile | Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063
Safari 12.1.2 | iOS 12.5 | mobile | Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1
Safari 17.1 | macOS 10.15 | desktop | Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15
Oculus Browser 30.0 | Android 13 | other | Mozilla/5.0 (Linux; Android 13; Quest 3) AppleWebKit/537.36 (KHTML, like Gecko) OculusBrowser/30.0 Chrome/118.0 VR Safari/537.36
Chrome 88.0.4324.188 | Linux | other | Mozilla/5.0 (X11; Linux aarch64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.188 Safari/537.36 CrKey/1.54.250320
Chrome 88.0.4324.109 | Android | other | Mozilla/5.0 (Linux; Android) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.109 Safari/537.36 CrKey/1.54.248666
Samsung Internet 23.0 | Linux | desktop | Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Safari/537.36
Whale 3.24.223.18 | Windows 10.0 | desktop | Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Whale/3.24.223.18
Yandex Browser 23.7.3.81.00 | Android 13 | mobile | Mozilla/5.0 (Linux; arm_64; Android 13; SM-G780G) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.5735.147 YaBrowser/23.7.3.81.00 SA/3 Mobile Safari/537.36
Opera 79.0.0.0 | Android 13 | mobile | Mozilla/5.0 (Linux; Android 13; SM-A515F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36 OPR/79.0.0.0
Dalvik 2.1.0 | Android 10 | mobile | Dalvik/2.1.0 (Linux; U; Android 10; CUBOT X30 Build/QP1A)
MyApp 1.2 | iOS 16.6 | mobile | MyApp/1.2 (iPhone; iOS 16.6; Scale/3.00)
MyApp 1.2 | iOS 16.6 | tablet | MyApp/1.2 (iPad; iOS 16.6; Scale/2.00)
Chrome WebView 115.0.5790.166 | Android 13 | mobile | Mozilla/5.0 (Linux; Android 13; Pixel 7; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/115.0.5790.166 Mobile Safari/537.36 GSA/14.30.12
Twitter 9.70 | iOS 16.6 | mobile | Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Twitter for iPhone/9.70
Messenger 420.0.0.10.66 | Android 13 | mobile | Mozilla/5.0 (Linux; Android 13; SM-A536B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/115.0.5790.166 Mobile Safari/537.36 [FB_IAB/Orca-Android;FBAV/420.0.0.10.66;]
AhrefsBot 7.0 | - | bot | Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)
`;

const listed = LISTED.trim()
  .split('\n')
  .map((line) => /^(.*?) \| (.*?) \| (.*?) \| (.*)$/.exec(line)!.slice(1) as [string, string, string, string])
  .map(([browser, os, device, text]) => [text, browser, os, device] as const);
const printed = (found: NamedVersion | null) => (found === null ? '-' : [found.name, found.version].join(' ').trim());

describe('parseUserAgent', () => {
  it.each(listed)('finds in %s: %s | %s | %s', (text, ...expected) => {
    const { browser, os, device } = parseUserAgent(text);
    expect([printed(browser), printed(os), device]).toEqual(expected);
  });

  it.each(AGENTS)('knows %s', (text, browser, version, os, osVersion, device) => {
    const expected = {
      browser: browser === null ? null : { name: browser, version },
      os: os === null ? null : { name: os, version: osVersion },
      device,
    };
    expect(parseUserAgent(text)).toEqual(expected);
    expect(parseUserAgent(text)).toEqual(expected); // out of the cache
  });

  it('answers whatever the header holds', () => {
    for (const text of ['\u0000', '('.repeat(512), '/'.repeat(512), 'é/1.0', 'constructor/1', '__proto__/1 (x)']) {
      expect(['other', 'bot']).toContain(parseUserAgent(text).device);
    }
  });
});
