import type { FrameLocator, Locator, Page } from 'playwright-core';

// Temporal's own Web UI, as a person finds their way in it.

/** The page of a workflow's latest run. */
export async function openWorkflow(page: Page, uiUrl: string, workflowId: string): Promise<void> {
  await page.goto(`${uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`);
  await page.getByText(workflowId).first().waitFor();
}

/** What the workflow was started with, as the UI shows it, once that has these words. */
export const inputWith = (page: Page, words: string): Locator =>
  page.locator('.cm-content', { hasText: words }).first();

/** Markdown stands in a frame of its own; on the tab of a workflow's metadata, that of its summary first. */
export const markdownOf = (page: Page, part: 'Summary' | 'Current Details'): FrameLocator =>
  page
    .locator('iframe')
    .nth(part === 'Summary' ? 0 : -1)
    .contentFrame();

export const openTab = (page: Page, name: string): Promise<void> =>
  page.getByRole('tab', { name }).or(page.getByText(name)).first().click();

/** Fills in, in the UI's own dialog, who decodes what it shows. It is kept in the browser. */
export async function fillInCodec(page: Page, endpoint: string): Promise<void> {
  await page.getByRole('button', { name: 'Configure Codec Server' }).click();
  await page.getByLabel('Codec Server browser endpoint').fill(endpoint);
  await page.getByText('Include cross-origin credentials').click();
}

export const applyCodec = (page: Page): Promise<void> => page.getByRole('button', { name: 'Apply' }).click();
